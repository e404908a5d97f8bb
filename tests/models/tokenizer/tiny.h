#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/tokenizer/tokenizer.h"

namespace quern::models::tests {

using Ids = std::vector<int32_t>;
using nlohmann::json;

/// A tokenizer.json with the given tokens, whose ids are their places, and merges; no other
/// component.
inline json bpe_file(const std::vector<std::string>& tokens,
                     const std::vector<std::string>& merges = {}) {
  json vocab = json::object();
  for (size_t id = 0; id < tokens.size(); ++id) vocab[tokens[id]] = id;
  return {{"version", "1.0"},
          {"added_tokens", json::array()},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}}};
}

/// One token for each letter a to z, with the ids 0 to 25, then the merges' results in order.
inline json letters_file(const std::vector<std::string>& merges = {}) {
  std::vector<std::string> tokens;
  for (char c = 'a'; c <= 'z'; ++c) tokens.emplace_back(1, c);
  for (const std::string& merge : merges) {
    std::string joined = merge;
    joined.erase(joined.find(' '), 1);
    tokens.push_back(joined);
  }
  return bpe_file(tokens, merges);
}

inline Tokenizer make(const json& file) { return Tokenizer::from_json(file.dump()); }

}  // namespace quern::models::tests
