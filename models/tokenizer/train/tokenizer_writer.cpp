#include "models/tokenizer/train/tokenizer_writer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/io/atomic_file.h"
#include "models/error.h"
#include "models/quantize/output_path.h"
#include "models/tokenizer/split_schemes.h"

namespace quern::models {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;

namespace {

/// Read along with tokenizer.json, and before what tokenizer_config.json says.
constexpr const char* companions[] = {"special_tokens_map.json", "chat_template.jinja",
                                      "chat_template.json"};
constexpr const char* own_files[] = {"tokenizer.json", "tokenizer_config.json"};

json flags_of(const AddedToken& token) {
  return {{"content", token.content},       {"single_word", token.single_word},
          {"lstrip", token.lstrip},         {"rstrip", token.rstrip},
          {"normalized", token.normalized}, {"special", token.special}};
}

json added_tokens_list(const TrainedBpe& trained) {
  json list = json::array();
  for (const AddedToken& token : trained.added_tokens) {
    json entry = {{"id", token.id}};
    entry.update(flags_of(token));
    list.push_back(std::move(entry));
  }
  return list;
}

json model_of(const TrainedBpe& trained, const BpeTrainingOptions& options) {
  // An ordered object looks for the key whenever one is set by name, which takes n^2 for n tokens.
  json vocab = json::object();
  auto& entries = vocab.get_ref<json::object_t&>();
  entries.reserve(trained.tokens.size());
  for (size_t id = 0; id < trained.tokens.size(); ++id) {
    entries.emplace_back(trained.tokens[id], id);
  }
  json merges = json::array();
  for (const TokenPair& pair : trained.merges) {
    merges.push_back(fmt::format("{} {}", trained.tokens[static_cast<size_t>(pair.left)],
                                 trained.tokens[static_cast<size_t>(pair.right)]));
  }
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", options.unk_token.empty() ? json() : json(options.unk_token)},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", std::move(vocab)},
          {"merges", std::move(merges)}};
}

void write_text(const fs::path& file, const std::string& text) {
  AtomicFile out(file);
  out.write(text.data(), text.size());
  out.commit();
}

}  // namespace

std::string tokenizer_json(const TrainedBpe& trained, const BpeTrainingOptions& options) {
  const json file = {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added_tokens_list(trained)},
      {"normalizer", nullptr},
      {"pre_tokenizer", json(pre_tokenizer_of(*find_split_scheme(options.split_scheme)))},
      {"post_processor", nullptr},
      {"decoder",
       {{"type", "ByteLevel"},
        {"add_prefix_space", false},
        {"trim_offsets", false},
        {"use_regex", false}}},
      {"model", model_of(trained, options)}};
  return file.dump(2) + "\n";
}

std::string tokenizer_config_json(const TrainedBpe& trained, const BpeTrainingOptions& options) {
  json decoder = json::object();
  for (const AddedToken& token : trained.added_tokens) {
    decoder[std::to_string(token.id)] = flags_of(token);
  }
  json file = {{"tokenizer_class", "PreTrainedTokenizerFast"},
               {"added_tokens_decoder", std::move(decoder)},
               {"clean_up_tokenization_spaces", false}};
  const auto name = [&](const char* key, const std::string& text) {
    if (!text.empty()) file[key] = text;
  };
  name("bos_token", options.bos_token);
  name("eos_token", options.eos_token);
  name("pad_token", options.pad_token);
  name("unk_token", options.unk_token);
  name("chat_template", options.chat_template);
  return file.dump(2) + "\n";
}

void check_tokenizer_folder(const fs::path& folder, ExistingTokenizer existing) {
  if (!fs::exists(folder)) return;
  if (!fs::is_directory(folder)) {
    throw ModelError(fmt::format("[train-tokenizer] {} is not a folder", folder.string()),
                     "Name a folder, which need not exist yet.");
  }
  if (existing == ExistingTokenizer::replaced) return;
  const auto check = [&](const char* name) {
    if (!fs::exists(folder / name)) return;
    throw ModelError(
        fmt::format("[train-tokenizer] {}: exists already", (folder / name).string()),
        "Choose another folder, or say that the tokenizer in it is to be replaced (--force).");
  };
  for (const char* name : own_files) check(name);
  for (const char* name : companions) check(name);
}

void write_tokenizer(const fs::path& folder, const TrainedBpe& trained,
                     const BpeTrainingOptions& options, ExistingTokenizer existing) {
  check_tokenizer_folder(folder, existing);
  const std::string tokenizer = tokenizer_json(trained, options);
  const std::string config = tokenizer_config_json(trained, options);
  const auto write_into = [&](const fs::path& into) {
    write_text(into / "tokenizer_config.json", config);
    write_text(into / "tokenizer.json", tokenizer);
  };
  if (fs::exists(folder)) {
    for (const char* name : companions) fs::remove(folder / name);
    write_into(folder);
    return;
  }
  OutputPath out(folder);
  fs::create_directory(out.path());
  write_into(out.path());
  out.commit();
}

}  // namespace quern::models
