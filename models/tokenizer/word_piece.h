#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "models/tokenizer/model.h"

namespace quern::models {

/// Longest match first from the left (Wu et al. 2016); a word that cannot be covered is unknown as
/// a whole.
class WordPiece : public TokenModel {
 public:
  /// `prefix` marks tokens inside a word. longest_word, in characters: longer ones are unknown.
  WordPiece(Vocabulary vocabulary, int32_t unk_id, std::string prefix = "##",
            size_t longest_word = 100)
      : TokenModel(std::move(vocabulary)),
        unk_id_(unk_id),
        prefix_(std::move(prefix)),
        longest_word_(longest_word) {}

  void tokenize(std::string_view piece, std::vector<int32_t>& ids) const override;

  const std::string& prefix() const { return prefix_; }
  int32_t unk_id() const { return unk_id_; }

 private:
  /// Where the longest token at `begin` ends; behind the piece's end when there is none.
  size_t append_longest(std::string_view piece, size_t begin, std::vector<int32_t>& ids) const;

  int32_t unk_id_;
  std::string prefix_;
  size_t longest_word_;
};

}  // namespace quern::models
