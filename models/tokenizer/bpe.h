#pragma once

#include <optional>
#include <string>

#include "models/tokenizer/merge_rules.h"
#include "models/tokenizer/model.h"
#include "models/tokenizer/word_cache.h"

namespace quern::models {

/// What a byte-pair encoding does beside merging.
struct BpeSettings {
  std::string unk_token;                  // for characters that the vocabulary lacks; "" drops them
  std::string continuing_subword_prefix;  // before every character of a piece but the first
  std::string end_of_word_suffix;         // behind the last character of a piece
  bool fuse_unk = false;                  // neighbouring unknown characters give one token
  bool byte_fallback = false;  // unknown characters give the tokens <0x00> to <0xFF> of their bytes
  bool ignore_merges = false;  // a piece that is a token is not divided
};

/// Byte-pair encoding (Sennrich et al. 2016): a piece begins as its characters, and of all
/// neighbours that a rule joins, the pair with the lowest rank, leftmost first, is joined until
/// none is left.
///
/// n log n in the length of a piece; results are cached by piece. Dropout, which belongs to
/// training, is ignored.
class Bpe : public TokenModel {
 public:
  /// An unknown token that the vocabulary lacks counts as none: byte-level files name one that they
  /// never need.
  Bpe(Vocabulary vocabulary, MergeRules rules, BpeSettings settings);

  void tokenize(std::string_view piece, std::vector<int32_t>& ids) const override;

  const MergeTable& merges() const { return rules_.table; }
  const BpeSettings& settings() const { return settings_; }

 private:
  void tokenize_cached(std::string_view piece, std::vector<int32_t>& ids) const;
  /// Appends the ids of the single characters.
  void spell(std::string_view piece, std::vector<int32_t>& ids) const;
  /// Merges what spell() gave, in place.
  void merge(std::vector<int32_t>& ids) const;
  bool may_cut(std::string_view piece, size_t left, size_t position) const;

  MergeRules rules_;
  BpeSettings settings_;
  std::optional<int32_t> unk_id_;
  std::vector<int32_t>
      byte_ids_;  // of the 256 byte-fallback tokens, -1 where the vocabulary lacks one
  bool cuts_;     // long pieces may be divided before they are merged
  mutable WordCache cache_;
};

}  // namespace quern::models
