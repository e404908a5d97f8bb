#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/generate/structured/machine.h"
#include "models/tokenizer/tokenizer.h"

namespace quern::models {

/// A vocabulary by the bytes that its tokens add to a text: what grammars are checked against.
/// Takes some tens of milliseconds to make; make one for each model. Immutable; any thread may read
/// it.
class TokenTrie {
 public:
  /// vocab_size: how many logits the model has, perhaps more or less than the tokenizer's tokens.
  /// end_tokens: the ids that end an answer, at least one of them below vocab_size.
  ///
  /// Special tokens, those that the tokenizer names as bos, eos, unk and pad, and tokens without
  /// text are no text. Throws ModelError without an end token.
  TokenTrie(const Tokenizer& tokenizer, int32_t vocab_size, std::span<const int32_t> end_tokens);

  int32_t vocab_size() const { return vocab_size_; }
  const std::vector<int32_t>& end_tokens() const { return end_tokens_; }
  bool is_end_token(int32_t id) const;

  /// Empty for tokens that are no text.
  std::string_view bytes(int32_t id) const { return bytes_[size_t(id)]; }
  /// The bytes of a token that begins the text.
  std::string_view bytes_at_start(int32_t id) const;
  /// Ids of tokens that add something else where they begin the text, in order.
  const std::vector<int32_t>& different_at_start() const { return different_at_start_; }
  /// Bytes for which there is a token of that one byte.
  const structured::Bytes& single_bytes() const { return single_bytes_; }

  /// The tree in depth-first order. A node's children follow it; skip is what follows them.
  struct Node {
    uint32_t skip;
    uint32_t depth;        ///< from 1
    uint32_t first_token;  ///< into sorted_tokens()
    uint32_t token_count;  ///< that have exactly these bytes
    uint8_t byte;
  };
  const std::vector<Node>& nodes() const { return nodes_; }
  const std::vector<int32_t>& sorted_tokens() const { return sorted_tokens_; }
  uint32_t depth() const { return depth_; }

 private:
  void build();

  int32_t vocab_size_;
  std::vector<int32_t> end_tokens_;
  std::vector<std::string> bytes_;        ///< by id
  std::vector<std::string> start_bytes_;  ///< of different_at_start_
  std::vector<int32_t> different_at_start_;
  std::vector<int32_t> sorted_tokens_;
  std::vector<Node> nodes_;
  structured::Bytes single_bytes_;
  uint32_t depth_ = 0;
};

}  // namespace quern::models
