#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/generate/structured/token_trie.h"
#include "models/tokenizer/byte_alphabet.h"
#include "tests/models/tokenizer/tiny.h"

namespace quern::models::tests {

/// A byte-level vocabulary: a token for each byte, whose id is its value, then `more`, then
/// "<end>".
inline Tokenizer byte_tokenizer(const std::vector<std::string>& more = {}) {
  std::vector<std::string> tokens;
  const auto add = [&](std::string_view text) {
    tokens.emplace_back();
    append_byte_characters(text, tokens.back());
  };
  for (int byte = 0; byte < 256; ++byte) add(std::string(1, char(byte)));
  for (const std::string& text : more) add(text);
  json file = bpe_file(tokens);
  file["decoder"] = {{"type", "ByteLevel"}};
  file["added_tokens"] = {{{"id", tokens.size()},
                           {"content", "<end>"},
                           {"special", true},
                           {"single_word", false},
                           {"lstrip", false},
                           {"rstrip", false},
                           {"normalized", false}}};
  return make(file);
}

inline std::shared_ptr<const TokenTrie> byte_vocabulary(const std::vector<std::string>& more = {}) {
  const Tokenizer tokenizer = byte_tokenizer(more);
  const int32_t end = tokenizer.vocab_size() - 1;
  return std::make_shared<TokenTrie>(tokenizer, tokenizer.vocab_size(), std::vector<int32_t>{end});
}

}  // namespace quern::models::tests
