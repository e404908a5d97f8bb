#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizer/tokenizer.h"

namespace quern::models {

/// Where in a text the tokens stand that it was encoded to, for tokenizers as they are: some set a
/// space before a text, or drop white space behind special tokens, or change characters. Immutable;
/// any thread may call it.
class TokenPlaces {
 public:
  explicit TokenPlaces(const Tokenizer& tokenizer);

  /// How many tokens begin before each of the positions in the text. `ids` is the text encoded
  /// without special tokens. Where a tokenizer changes characters, this compares with how the text
  /// up to there is encoded.
  std::vector<size_t> counts_before(std::string_view text, std::span<const int32_t> ids,
                                    std::span<const size_t> positions) const;

  /// What the token adds to a text, perhaps not whole characters; at_start: as its first token.
  const std::string& bytes_of(int32_t id, bool at_start) const;

 private:
  /// Where each token begins; none when the text is not what the tokens say.
  std::optional<std::vector<size_t>> starts(std::string_view text,
                                            std::span<const int32_t> ids) const;
  size_t encoded_before(std::string_view text, std::span<const int32_t> ids, size_t position) const;

  Tokenizer tokenizer_;
  std::vector<std::string> first_bytes_;
  std::vector<std::string> bytes_;
};

}  // namespace quern::models
