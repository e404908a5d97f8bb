#pragma once

#include <optional>
#include <vector>

#include "models/tokenizer/model.h"
#include "models/tokenizer/prefix_trie.h"
#include "models/tokenizer/word_cache.h"

namespace quern::models {

struct UnigramSettings {
  std::optional<int32_t> unk_id;  // for characters that no token begins with; none drops them
  double unk_score = 0;           // what one such character costs
  bool byte_fallback = false;     // they give the tokens <0x00> to <0xFF> of their bytes instead
};

/// Unigram language model (Kudo 2018): of all ways to divide a piece into tokens, the one whose
/// scores have the highest sum (Viterbi). Neighbouring unknown characters give one unknown token.
///
/// Linear in the length of a piece; results are cached by word.
class Unigram : public TokenModel {
 public:
  /// What one unknown character costs beside the lowest score.
  static constexpr double unk_penalty = 10;

  /// scores: one for each id; NaN keeps a token from being found in a text.
  Unigram(Vocabulary vocabulary, std::vector<double> scores, UnigramSettings settings);

  void tokenize(std::string_view piece, std::vector<int32_t>& ids) const override;

  const std::vector<double>& scores() const { return scores_; }
  const UnigramSettings& settings() const { return settings_; }

 private:
  void tokenize_cached(std::string_view piece, std::vector<int32_t>& ids) const;
  void divide(std::string_view piece, std::vector<int32_t>& ids) const;
  void append_unknown(std::string_view text, std::vector<int32_t>& ids) const;

  std::vector<double> scores_;
  UnigramSettings settings_;
  std::vector<int32_t> byte_ids_;  // of the 256 byte-fallback tokens, -1 where there is none
  PrefixTrie trie_;
  bool cuts_;  // no token reaches across the beginning of a word
  mutable WordCache cache_;
};

}  // namespace quern::models
