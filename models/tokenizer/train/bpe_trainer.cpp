#include "models/tokenizer/train/bpe_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "models/error.h"
#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/split_schemes.h"
#include "models/tokenizer/utf8.h"
#include "models/tokenizer/vocabulary.h"

namespace quern::models {

namespace {

constexpr int bytes_in_alphabet = 256;
constexpr int report_every = 64;  // joins

/// Adds the named tokens that neither list has to the special ones.
void list_named_tokens(BpeTrainingOptions& options) {
  const auto has = [](const std::vector<std::string>& tokens, const std::string& token) {
    return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
  };
  for (const std::string& token :
       {options.bos_token, options.eos_token, options.pad_token, options.unk_token}) {
    if (token.empty() || has(options.special_tokens, token) ||
        has(options.user_defined_tokens, token)) {
      continue;
    }
    options.special_tokens.push_back(token);
  }
}

std::vector<AddedToken> added_tokens_of(const BpeTrainingOptions& options) {
  std::vector<AddedToken> tokens;
  const auto add = [&](const std::string& content, bool special) {
    const char* wrong = content.empty() ? "is empty" : nullptr;
    if (!is_valid_utf8(content)) wrong = "is not valid UTF-8";
    for (const AddedToken& other : tokens) {
      if (other.content == content) wrong = "is listed twice";
    }
    if (wrong) {
      throw ModelError(fmt::format("[train-tokenizer] the token {} {}", in_quotes(content), wrong),
                       "List each special token once.");
    }
    AddedToken token;
    token.content = content;
    token.id = static_cast<int32_t>(tokens.size());
    token.special = special;
    tokens.push_back(std::move(token));
  };
  for (const std::string& content : options.special_tokens) add(content, true);
  for (const std::string& content : options.user_defined_tokens) add(content, false);
  return tokens;
}

void check_sizes(const BpeTrainingOptions& options) {
  const size_t added = options.special_tokens.size() + options.user_defined_tokens.size();
  if (options.vocab_size < 0 ||
      static_cast<size_t>(options.vocab_size) < added + bytes_in_alphabet) {
    throw ModelError(
        fmt::format("[train-tokenizer] a vocabulary of {} tokens has no room for {} bytes and {} "
                    "special tokens",
                    options.vocab_size, bytes_in_alphabet, added),
        fmt::format("Ask for {} tokens or more.", added + bytes_in_alphabet));
  }
  if (options.vocab_size > Vocabulary::id_limit) {
    throw ModelError(
        fmt::format("[train-tokenizer] a vocabulary of {} tokens is too large", options.vocab_size),
        fmt::format("Ask for {} tokens at most.", Vocabulary::id_limit));
  }
  if (options.min_frequency < 1) {
    throw ModelError(fmt::format("[train-tokenizer] the smallest frequency is {}; it must be 1 or "
                                 "more",
                                 options.min_frequency),
                     "Use 2, unless the text is very short.");
  }
}

/// Divides a text into words without turning them into the byte alphabet.
std::unique_ptr<PreTokenizer> words_of_scheme(const std::string& name) {
  const SplitScheme* scheme = find_split_scheme(name);
  if (!scheme) {
    throw ModelError(
        fmt::format("[train-tokenizer] the split scheme {} is unknown", in_quotes(name)),
        "Use one that GGUF files name: qwen2, gpt-2 or smollm, say.");
  }
  // Words that are tokens come out whole there, whatever the merges say.
  if (scheme->ignore_merges) {
    throw ModelError(
        fmt::format("[train-tokenizer] the split scheme {} does not only split", in_quotes(name)),
        "Use qwen2, or chatglm-bpe for the words of Llama 3.");
  }
  nlohmann::json splits = pre_tokenizer_of(*scheme);
  nlohmann::json& steps = splits["pretokenizers"];
  steps.erase(steps.size() - 1);  // the byte alphabet
  return make_pre_tokenizer(splits);
}

/// The tokens so far, while they are learned.
class GrowingVocabulary {
 public:
  explicit GrowingVocabulary(const std::vector<AddedToken>& added) {
    for (const AddedToken& token : added) add(token.content);
    std::vector<std::pair<char32_t, uint8_t>> alphabet;
    for (int byte = 0; byte < bytes_in_alphabet; ++byte) {
      size_t position = 0;
      alphabet.emplace_back(next_code_point(character_of(byte), position), byte);
    }
    std::sort(alphabet.begin(), alphabet.end());
    for (const auto& [character, byte] : alphabet) byte_ids_[byte] = add(character_of(byte));
  }

  /// The token's id, a new one unless the text has one: an added token may be spelt like others.
  int32_t add(const std::string& text) {
    if (const auto id = ids_.find(text)) return *id;
    const auto id = static_cast<int32_t>(tokens_.size());
    ids_.add(text, id);
    tokens_.push_back(text);
    return id;
  }

  int32_t join(TokenPair pair) {
    return add(tokens_[static_cast<size_t>(pair.left)] + tokens_[static_cast<size_t>(pair.right)]);
  }

  int32_t id_of(char byte) const { return byte_ids_[static_cast<uint8_t>(byte)]; }
  int size() const { return static_cast<int>(tokens_.size()); }
  std::vector<std::string> tokens() && { return std::move(tokens_); }

 private:
  static std::string character_of(int byte) {
    const char text = static_cast<char>(byte);
    std::string character;
    append_byte_characters({&text, 1}, character);
    return character;
  }

  std::vector<std::string> tokens_;
  Vocabulary ids_;
  std::array<int32_t, bytes_in_alphabet> byte_ids_{};
};

PairMerger spelt_words(const WordCounts& counts, const GrowingVocabulary& vocabulary) {
  PairMerger merger;
  std::vector<int32_t> spelling;
  for (const WordCounts::Word& word : counts.sorted()) {
    spelling.clear();
    for (char byte : word.text) spelling.push_back(vocabulary.id_of(byte));
    merger.add_word(spelling, word.count);
  }
  return merger;
}

}  // namespace

BpeTrainer::BpeTrainer(BpeTrainingOptions options) : options_(std::move(options)) {
  list_named_tokens(options_);
  check_sizes(options_);
  added_tokens_ = AddedTokenMatcher(added_tokens_of(options_));
  words_of_text_ = words_of_scheme(options_.split_scheme);
}

void BpeTrainer::add_text(std::string_view text) {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = replace_invalid_utf8(text);
    text = repaired;
  }
  for (const AddedTokenSpan& span : added_tokens_.find_all(text)) {
    if (span.id >= 0) continue;
    PreTokenized stretch;
    stretch.pieces.push_back({text.substr(span.begin, span.end - span.begin), span.begin == 0});
    try {
      words_of_text_->apply(stretch);
    } catch (const FormatError& error) {
      throw ModelError(fmt::format("[train-tokenizer] {}", error.what()), error.advice());
    }
    for (const PreTokenized::Piece& piece : stretch.pieces) counts_.add(piece.text);
    bytes_ += static_cast<int64_t>(span.end - span.begin);
  }
}

std::optional<TrainedBpe> BpeTrainer::train(const Report& report, std::stop_token stop) const {
  if (counts_.size() == 0) {
    throw ModelError("[train-tokenizer] there is no text to learn from",
                     "Name files that hold some.");
  }
  TrainedBpe trained;
  trained.added_tokens = added_tokens_of(options_);
  GrowingVocabulary vocabulary(trained.added_tokens);
  PairMerger merger = spelt_words(counts_, vocabulary);
  while (vocabulary.size() < options_.vocab_size) {
    if (stop.stop_requested()) return std::nullopt;
    const auto best = merger.best_pair();
    if (!best || best->count < options_.min_frequency) break;
    merger.join_best(vocabulary.join(best->pair));
    trained.merges.push_back(best->pair);
    if (report && trained.merges.size() % report_every == 0) {
      report(vocabulary.size(), options_.vocab_size);
    }
  }
  trained.tokens = std::move(vocabulary).tokens();
  trained.training_bytes = bytes_;
  trained.training_tokens = merger.total_tokens();
  return trained;
}

}  // namespace quern::models
