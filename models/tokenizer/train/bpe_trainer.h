#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizer/added_tokens.h"
#include "models/tokenizer/pre_tokenizer.h"
#include "models/tokenizer/train/pair_merger.h"
#include "models/tokenizer/train/word_counts.h"

namespace quern::models {

/// What a byte-level byte-pair encoding is trained to be.
struct BpeTrainingOptions {
  /// Tokens in all: added ones, the 256 bytes and the joined ones.
  int vocab_size = 4096;
  /// A pair that occurs less often is not joined.
  int64_t min_frequency = 2;
  /// Found whole in a text, left out when text is decoded for reading. They get the first ids.
  std::vector<std::string> special_tokens = {};
  /// Found whole in a text as well, but part of what is decoded: "<think>", say. The next ids.
  std::vector<std::string> user_defined_tokens = {};
  /// How a text is divided into words, which no token reaches across: a name of split_schemes().
  /// "qwen2" keeps every digit apart, which makes arithmetic easier to learn.
  std::string split_scheme = "qwen2";

  /// For tokenizer_config.json; "" where there is none. A token that is not listed above joins the
  /// special ones.
  std::string bos_token = {}, eos_token = {}, pad_token = {}, unk_token = {};
  std::string chat_template = {};
};

/// What training gives.
struct TrainedBpe {
  std::vector<AddedToken> added_tokens;
  std::vector<std::string> tokens;  // by id, in the byte alphabet; added tokens as they are
  std::vector<TokenPair> merges;    // first to be joined first
  int64_t training_bytes = 0;       // of text, without added tokens
  int64_t training_tokens = 0;      // that the finished vocabulary makes of it
};

/// Learns a byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019) from texts:
/// beginning with the 256 bytes, the two neighbouring tokens that occur most often become a token,
/// again and again.
///
/// The result is what the `tokenizers` library's BpeTrainer gives for the same words when it starts
/// from its whole byte alphabet: ids in the order of special tokens, bytes by the code point of
/// their character, joined tokens as they are made; among pairs that occur equally often the one
/// with the smaller ids goes first; a word counts every neighbourhood, "aaa" two. The order of the
/// texts makes no difference. One difference is intended: added tokens written out in a text are
/// left out, since encoding never shows them to the vocabulary either.
///
/// One thread at a time.
class BpeTrainer {
 public:
  /// Throws ModelError when the vocabulary has no room for the added tokens and bytes, a token is
  /// empty, listed twice or not UTF-8, min_frequency is below 1, or the split scheme is unknown or
  /// takes whole words from the vocabulary without joining.
  explicit BpeTrainer(BpeTrainingOptions options);

  /// Counts the words of a text. No word reaches from one text into the next. What is not UTF-8
  /// counts as U+FFFD, as in encoding. Throws ModelError when the scheme's regular expression gives
  /// up on the text.
  void add_text(std::string_view text);

  /// Called now and then with the tokens so far and the tokens wanted.
  using Report = std::function<void(int tokens, int vocab_size)>;

  /// Learns from what was added. The vocabulary stays smaller than asked for when no pair is
  /// frequent enough any more. Absent when a stop was requested; throws ModelError when no text was
  /// added.
  std::optional<TrainedBpe> train(const Report& report = {}, std::stop_token stop = {}) const;

  /// With every named token among the added ones.
  const BpeTrainingOptions& options() const { return options_; }

 private:
  BpeTrainingOptions options_;
  AddedTokenMatcher added_tokens_;
  std::unique_ptr<PreTokenizer> words_of_text_;
  WordCounts counts_;
  int64_t bytes_ = 0;
};

}  // namespace quern::models
