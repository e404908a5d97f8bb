#include "bench/models/synthetic_tokenizer.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "bench/models/synthetic_checkpoint.h"
#include "models/tokenizer/byte_alphabet.h"

namespace quern::bench {

namespace {

using json = nlohmann::ordered_json;

/// One piece for each byte, the letters that are frequent first.
std::vector<std::string> byte_pieces() {
  std::string bytes = " etaoinshrdlcumwfgypbvk";
  for (int byte = 0; byte < 256; ++byte)
    if (bytes.find(char(byte)) == std::string::npos) bytes += char(byte);
  std::vector<std::string> pieces;
  for (const char byte : bytes) {
    std::string piece;
    models::append_byte_characters({&byte, 1}, piece);
    pieces.push_back(piece);
  }
  return pieces;
}

/// Each further piece joins two earlier ones, most of them frequent.
json made_up_model(size_t size) {
  std::mt19937_64 random(7);
  std::vector<std::string> pieces = byte_pieces();
  std::unordered_set<std::string> known(pieces.begin(), pieces.end());
  json merges = json::array();
  const auto choose = [&] {
    const double u = double(random() % 1'000'000) / 1e6;
    return pieces[size_t(double(pieces.size()) * u * u * u)];
  };
  constexpr size_t longest = 16;
  while (pieces.size() < size) {
    const std::string left = choose(), right = choose();
    const std::string both = left + right;
    if (both.size() > longest || !known.insert(both).second) continue;
    merges.push_back({left, right});
    pieces.push_back(both);
  }
  json vocabulary = json::object();
  for (size_t i = 0; i < pieces.size(); ++i) vocabulary[pieces[i]] = i;
  return {{"type", "BPE"}, {"ignore_merges", true}, {"vocab", vocabulary}, {"merges", merges}};
}

}  // namespace

std::filesystem::path synthetic_tokenizer() {
  const auto folder = bench_folder() / "tokenizer-128k";
  const auto file = folder / "tokenizer.json";
  if (std::filesystem::exists(file)) return folder;
  std::filesystem::create_directories(folder);
  const char* words =
      "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
      "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  const json split = {{"type", "Split"},
                      {"pattern", {{"Regex", words}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  const json tokenizer = {
      {"version", "1.0"},
      {"added_tokens", json::array()},
      {"normalizer", nullptr},
      {"pre_tokenizer",
       {{"type", "Sequence"}, {"pretokenizers", json::array({split, byte_level})}}},
      {"post_processor", nullptr},
      {"decoder", byte_level},
      {"model", made_up_model(128'000)}};
  std::ofstream(file) << tokenizer.dump(1);
  return folder;
}

}  // namespace quern::bench
