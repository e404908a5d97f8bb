#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "models/tokenizer/bpe.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/piece_decoder.h"
#include "models/tokenizer/sentencepiece_file.h"
#include "models/tokenizer/tokenizer_parts.h"
#include "models/tokenizer/unigram.h"

namespace quern::models {

namespace {

using ModelType = SentencePieceFile::ModelType;
using PieceType = SentencePieceFile::PieceType;

/// One score for each piece; NaN for those that no text is divided into. Symbols that the user
/// defined are found before.
std::vector<double> scores_of(const SentencePieceFile& file) {
  std::vector<double> scores;
  scores.reserve(file.pieces.size());
  for (const auto& piece : file.pieces) {
    bool is_found = piece.type == PieceType::normal;
    scores.push_back(is_found ? piece.score : std::nan(""));
  }
  return scores;
}

Vocabulary vocabulary_of(const SentencePieceFile& file) {
  Vocabulary vocabulary;
  for (size_t id = 0; id < file.pieces.size(); ++id) {
    vocabulary.add(file.pieces[id].text, static_cast<int64_t>(id));
  }
  return vocabulary;
}

std::optional<int32_t> unknown_id(const SentencePieceFile& file) {
  for (size_t id = 0; id < file.pieces.size(); ++id) {
    if (file.pieces[id].type == PieceType::unknown) return static_cast<int32_t>(id);
  }
  return std::nullopt;
}

std::unique_ptr<TokenModel> make_bpe_model(const SentencePieceFile& file) {
  BpeSettings settings;
  settings.byte_fallback = file.byte_fallback;
  settings.fuse_unk = true;
  if (auto unk = unknown_id(file)) {
    settings.unk_token = file.pieces[static_cast<size_t>(*unk)].text;
  }
  Vocabulary vocabulary = vocabulary_of(file);
  MergeRules rules = rules_of_vocabulary(vocabulary, ranks_of_scores(scores_of(file)));
  return std::make_unique<Bpe>(std::move(vocabulary), std::move(rules), std::move(settings));
}

std::unique_ptr<TokenModel> make_unigram_model(const SentencePieceFile& file) {
  UnigramSettings settings;
  settings.unk_id = unknown_id(file);
  settings.byte_fallback = file.byte_fallback;
  std::vector<double> scores = scores_of(file);
  double lowest = 0;
  for (double score : scores) {
    if (score < lowest) lowest = score;
  }
  settings.unk_score = lowest - Unigram::unk_penalty;
  return std::make_unique<Unigram>(vocabulary_of(file), std::move(scores), settings);
}

/// The pieces of the given types as added tokens.
std::vector<AddedToken> added_tokens(const SentencePieceFile& file,
                                     std::initializer_list<PieceType> types) {
  std::vector<AddedToken> tokens;
  for (size_t id = 0; id < file.pieces.size(); ++id) {
    const auto& piece = file.pieces[id];
    if (std::find(types.begin(), types.end(), piece.type) == types.end()) continue;
    AddedToken token;
    token.content = piece.text;
    token.id = static_cast<int32_t>(id);
    token.normalized = piece.type == PieceType::user_defined;
    token.special = !token.normalized;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace

TokenizerParts read_sentencepiece(std::string_view bytes, const TokenizerConfig& config) {
  SentencePieceFile file = read_sentencepiece_file(bytes);
  TokenizerParts parts;
  bool is_bpe = file.model_type == ModelType::bpe;
  if (!is_bpe && file.model_type != ModelType::unigram) {
    throw FormatError(fmt::format("the model type {} is not supported",
                                  file.model_type == ModelType::word ? "WORD" : "CHAR"),
                      "Choose another model: this kind of tokenizer is no longer used.");
  }
  parts.model = is_bpe ? make_bpe_model(file) : make_unigram_model(file);
  parts.set_components({{"decoder", piece_decoder(file.rules.add_dummy_prefix)}});

  // Before the normalizer is set: pieces are written in normalised form already.
  std::vector<AddedToken> symbols = added_tokens(file, {PieceType::user_defined});
  parts.add_tokens(symbols);
  parts.add_tokens(added_tokens(file, {PieceType::control, PieceType::unknown}));
  SentencePieceRules rules = std::move(file.rules);
  // Newer Llama tokenizers set the space once, older ones behind every special token, too.
  if (!config.legacy.value_or(true) && rules.add_dummy_prefix && !rules.whitespace_as_suffix) {
    parts.start_prefix = rules.escape_whitespaces ? "\u2581" : " ";
    rules.add_dummy_prefix = false;
  }
  parts.normalizer =
      std::make_unique<SentencePieceNormalizer>(std::move(rules), AddedTokenMatcher(symbols));

  auto id_of = [&](const std::string& named, int64_t own) -> std::optional<int32_t> {
    if (auto id = parts.find(named)) return id;
    if (own < 0 || own >= parts.vocab_size) return std::nullopt;
    return static_cast<int32_t>(own);
  };
  auto bos = id_of(config.bos_token, file.bos_id);
  auto eos = id_of(config.eos_token, file.eos_id);
  if (bos && config.add_bos_token.value_or(is_bpe)) parts.post_processor.prefix = {*bos};
  if (eos && config.add_eos_token.value_or(!is_bpe)) parts.post_processor.suffix = {*eos};
  parts.config = config;
  if (bos && config.bos_token.empty()) parts.config.bos_token = parts.text(*bos);
  if (eos && config.eos_token.empty()) parts.config.eos_token = parts.text(*eos);
  return parts;
}

}  // namespace quern::models
