#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "models/tokenizer/added_tokens.h"
#include "models/tokenizer/decoder.h"
#include "models/tokenizer/model.h"
#include "models/tokenizer/normalizer.h"
#include "models/tokenizer/post_processor.h"
#include "models/tokenizer/pre_tokenizer.h"
#include "models/tokenizer/tokenizer_config.h"

namespace quern::models {

/// Everything that a Tokenizer is made of, whichever file format it came from. Immutable once
/// filled.
struct TokenizerParts {
  std::unique_ptr<TokenModel> model;
  std::unique_ptr<Normalizer> normalizer;       // may be null
  std::unique_ptr<PreTokenizer> pre_tokenizer;  // may be null
  std::unique_ptr<TokenDecoder> decoder;
  PostProcessor post_processor;

  /// Set before the normalised text, unless that begins with an added token.
  std::string start_prefix;

  AddedTokenMatcher raw_added_tokens;         // looked for in the text as it is
  AddedTokenMatcher normalized_added_tokens;  // and in the normalised text
  std::unordered_map<int32_t, AddedToken> added_tokens;
  std::unordered_map<std::string_view, int32_t> added_ids;  // into added_tokens
  int32_t vocab_size = 0;

  TokenizerConfig config;

  /// What the normalizer, pre-tokenizer and decoder were made from: the members of a
  /// tokenizer.json, as JSON text.
  std::string components = "{}";

  /// Makes the normalizer, pre-tokenizer and decoder that the members of these names describe, as
  /// in a tokenizer.json. Throws FormatError.
  void set_components(const nlohmann::json& file);

  /// Takes added tokens in and sets everything that follows from them; the model must be set. Those
  /// that are looked for in the normalised text are normalised themselves if a normalizer is set.
  /// Throws FormatError when two tokens share an id or a text.
  void add_tokens(const std::vector<AddedToken>& tokens);

  /// Takes in those that are not yet added tokens: under the id that the vocabulary has for the
  /// text, else under their own, else, when that is taken, under the next free one.
  void add_missing_tokens(const std::vector<AddedToken>& tokens);

  std::optional<int32_t> find(std::string_view token) const;
  std::string_view text(int32_t id) const;
  bool is_special(int32_t id) const;
};

/// The readers of the file formats. `config` is what stands beside them; it becomes part of the
/// result. All throw FormatError.

/// tokenizer.json.
TokenizerParts read_tokenizer_json(std::string_view text, const TokenizerConfig& config);

/// A SentencePiece model: BPE or unigram.
TokenizerParts read_sentencepiece(std::string_view bytes, const TokenizerConfig& config);

/// A byte-level vocabulary with a token in base64 and its rank on each line, as OpenAI's tiktoken
/// has it. How text is divided, and which special tokens there are unless `config` names them,
/// follows from the tokenizer's class and the file's name.
TokenizerParts read_tiktoken(std::string_view text, std::string_view file_name,
                             const TokenizerConfig& config);

/// True when the first line is a token in base64 and its rank.
bool is_tiktoken(std::string_view text);

/// GPT-2's vocab.json and merges.txt.
TokenizerParts read_vocabulary_and_merges(std::string_view vocabulary_json, std::string_view merges,
                                          const TokenizerConfig& config);

/// BERT's vocab.txt: a token on each line.
TokenizerParts read_word_list(std::string_view text, const TokenizerConfig& config);

}  // namespace quern::models
