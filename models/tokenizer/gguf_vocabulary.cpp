#include "models/tokenizer/gguf_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "models/error.h"
#include "models/tokenizer/bpe.h"
#include "models/tokenizer/component.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/piece_decoder.h"
#include "models/tokenizer/sentencepiece_normalizer.h"
#include "models/tokenizer/split_schemes.h"
#include "models/tokenizer/tokenizer_parts.h"
#include "models/tokenizer/unigram.h"
#include "models/tokenizer/utf8.h"
#include "models/tokenizer/word_piece.h"

namespace quern::models {

using nlohmann::json;

namespace {

constexpr std::string_view word_mark = "\u2581";

using Parts = std::unique_ptr<TokenizerParts>;

GgufTokenType type_of(const GgufVocabulary& from, size_t id) {
  return from.token_types.empty() ? GgufTokenType::normal
                                  : static_cast<GgufTokenType>(from.token_types[id]);
}

/// The id when the vocabulary holds it.
std::optional<int32_t> valid(std::optional<int64_t> id, const GgufVocabulary& from) {
  if (!id || *id < 0 || *id >= static_cast<int64_t>(from.tokens.size())) return std::nullopt;
  return static_cast<int32_t>(*id);
}

void check_tables(const GgufVocabulary& from) {
  auto check = [&](size_t size, const char* key) {
    if (size != 0 && size != from.tokens.size()) {
      throw FormatError(fmt::format("tokenizer.ggml.{} has {} values for {} tokens", key, size,
                                    from.tokens.size()));
    }
  };
  if (from.tokens.empty()) throw FormatError("the file lacks tokenizer.ggml.tokens");
  check(from.scores.size(), "scores");
  check(from.token_types.size(), "token_type");
}

std::string token_text(const GgufVocabulary& from, size_t id) {
  const std::string& text = from.tokens[id];
  return is_valid_utf8(text) ? text : replace_invalid_utf8(text);
}

/// The tokens as `rewrite(id, text)` has them.
template <class Rewrite>
Vocabulary vocabulary_of(const GgufVocabulary& from, Rewrite rewrite) {
  Vocabulary vocabulary;
  constexpr size_t typical_text = 8;
  vocabulary.reserve(from.tokens.size(), typical_text * from.tokens.size());
  for (size_t id = 0; id < from.tokens.size(); ++id) {
    vocabulary.add(rewrite(id, token_text(from, id)), static_cast<int64_t>(id),
                   Vocabulary::Repeated::later_wins);
  }
  return vocabulary;
}

Vocabulary vocabulary_of(const GgufVocabulary& from) {
  return vocabulary_of(from, [](size_t, std::string text) { return text; });
}

/// Control, unknown and user-defined tokens are found in the text as it is.
std::vector<AddedToken> added_tokens(const GgufVocabulary& from) {
  std::vector<AddedToken> tokens;
  for (size_t id = 0; id < from.tokens.size(); ++id) {
    GgufTokenType type = type_of(from, id);
    bool special = type == GgufTokenType::control || type == GgufTokenType::unknown;
    if (!special && type != GgufTokenType::user_defined) continue;
    AddedToken token;
    token.content = token_text(from, id);
    token.id = static_cast<int32_t>(id);
    token.special = special;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

/// What is set around a text: `begin` and `end` where they are wanted and exist.
PostProcessor surroundings(std::optional<int32_t> begin, bool wants_begin,
                           std::optional<int32_t> end, bool wants_end) {
  PostProcessor around;
  if (begin && wants_begin) around.prefix.push_back(*begin);
  if (end && wants_end) around.suffix.push_back(*end);
  return around;
}

Parts byte_level(const GgufVocabulary& from) {
  std::string name = from.pre.empty() ? "default" : from.pre;
  const SplitScheme* scheme = find_split_scheme(name);
  if (!scheme) {
    throw FormatError(
        fmt::format("tokenizer.ggml.pre is {}, which is not supported", in_quotes(name)),
        "Choose another model or look for a newer version.");
  }
  auto parts = std::make_unique<TokenizerParts>();
  BpeSettings settings;
  settings.ignore_merges = scheme->ignore_merges;
  Vocabulary vocabulary = vocabulary_of(from);
  MergeRules rules = rules_of_lines(vocabulary, from.merges);
  parts->model =
      std::make_unique<Bpe>(std::move(vocabulary), std::move(rules), std::move(settings));
  parts->set_components({{"normalizer", scheme->nfc ? json({{"type", "NFC"}}) : json()},
                         {"pre_tokenizer", pre_tokenizer_of(*scheme)},
                         {"decoder", {{"type", "ByteLevel"}}}});
  parts->post_processor =
      surroundings(valid(from.bos_token_id, from), from.add_bos_token.value_or(scheme->adds_bos),
                   valid(from.eos_token_id, from), from.add_eos_token.value_or(false));
  return parts;
}

/// Byte-pair encoding on plain characters, with U+2581 for spaces and rules of its own.
Parts marked_spaces(const GgufVocabulary& from) {
  auto parts = std::make_unique<TokenizerParts>();
  BpeSettings settings;
  settings.byte_fallback = true;
  settings.ignore_merges = true;
  Vocabulary vocabulary = vocabulary_of(from);
  if (auto unk = valid(from.unknown_token_id, from)) settings.unk_token = vocabulary.text(*unk);
  MergeRules rules = rules_of_lines(vocabulary, from.merges);
  parts->model =
      std::make_unique<Bpe>(std::move(vocabulary), std::move(rules), std::move(settings));
  parts->set_components(
      {{"normalizer", {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}}},
       {"pre_tokenizer",
        {{"type", "Split"}, {"pattern", {{"Regex", "[^\\n]+|[\\n]+"}}}, {"behavior", "Isolated"}}},
       {"decoder", piece_decoder(false)}});
  parts->post_processor =
      surroundings(valid(from.bos_token_id, from), true, valid(from.eos_token_id, from),
                   from.add_eos_token.value_or(false));
  return parts;
}

/// Whether a text may be divided into the token.
bool is_found(const GgufVocabulary& from, size_t id) {
  GgufTokenType type = type_of(from, id);
  return type == GgufTokenType::normal || type == GgufTokenType::user_defined ||
         type == GgufTokenType::unused || type == GgufTokenType::undefined;
}

Parts sentencepiece_bpe(const GgufVocabulary& from) {
  auto parts = std::make_unique<TokenizerParts>();
  Vocabulary vocabulary = vocabulary_of(from);
  std::vector<double> scores(from.tokens.size(), std::nan(""));
  for (size_t id = 0; id < scores.size(); ++id) {
    if (is_found(from, id)) scores[id] = from.scores.empty() ? 0 : from.scores[id];
  }
  BpeSettings settings;
  settings.byte_fallback = true;
  settings.fuse_unk = true;
  if (auto unk = valid(from.unknown_token_id.value_or(0), from)) {
    settings.unk_token = vocabulary.text(*unk);
  }
  MergeRules rules = rules_of_vocabulary(vocabulary, ranks_of_scores(scores));
  parts->model =
      std::make_unique<Bpe>(std::move(vocabulary), std::move(rules), std::move(settings));
  bool prefix = from.add_space_prefix.value_or(true);
  json steps = json::array();
  if (prefix) steps.push_back({{"type", "Prepend"}, {"prepend", "\u2581"}});
  steps.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}});
  parts->set_components({{"normalizer", {{"type", "Sequence"}, {"normalizers", steps}}},
                         {"decoder", piece_decoder(prefix)}});
  parts->post_processor =
      surroundings(valid(from.bos_token_id.value_or(1), from), from.add_bos_token.value_or(true),
                   valid(from.eos_token_id.value_or(2), from), from.add_eos_token.value_or(false));
  return parts;
}

Parts sentencepiece_unigram(const GgufVocabulary& from) {
  auto parts = std::make_unique<TokenizerParts>();
  if (from.scores.empty()) throw FormatError("the file lacks tokenizer.ggml.scores");
  UnigramSettings settings;
  settings.unk_id = valid(from.unknown_token_id.value_or(2), from);
  settings.byte_fallback = true;
  double lowest = 0;
  std::vector<double> scores(from.tokens.size(), std::nan(""));
  for (size_t id = 0; id < scores.size(); ++id) {
    if (!is_found(from, id)) continue;
    scores[id] = type_of(from, id) == GgufTokenType::user_defined ? 0 : from.scores[id];
    if (type_of(from, id) == GgufTokenType::normal) lowest = std::min(lowest, scores[id]);
  }
  settings.unk_score = lowest - Unigram::unk_penalty;
  parts->model = std::make_unique<Unigram>(vocabulary_of(from), std::move(scores), settings);
  SentencePieceRules rules;
  rules.map = CharacterMap(from.precompiled_charsmap);
  rules.add_dummy_prefix = from.add_space_prefix.value_or(true);
  rules.remove_extra_whitespaces = from.remove_extra_whitespaces.value_or(false);
  parts->set_components({{"decoder", piece_decoder(rules.add_dummy_prefix)}});
  parts->normalizer =
      std::make_unique<SentencePieceNormalizer>(std::move(rules), AddedTokenMatcher());
  parts->post_processor =
      surroundings(valid(from.bos_token_id, from), from.add_bos_token.value_or(false),
                   valid(from.eos_token_id.value_or(1), from), from.add_eos_token.value_or(true));
  return parts;
}

Parts word_piece(const GgufVocabulary& from) {
  // A word's first piece is marked here, in published vocabularies the others are.
  auto published = [](size_t, std::string text) {
    if (text.starts_with(word_mark)) return text.substr(word_mark.size());
    return text.starts_with('[') && text.ends_with(']') ? text : "##" + text;
  };
  auto parts = std::make_unique<TokenizerParts>();
  Vocabulary vocabulary = vocabulary_of(from, published);
  auto unk = valid(from.unknown_token_id.value_or(100), from);
  if (!unk) {
    throw FormatError(fmt::format("the unknown token {} is not among {} tokens",
                                  from.unknown_token_id.value_or(100), from.tokens.size()));
  }
  parts->model = std::make_unique<WordPiece>(std::move(vocabulary), *unk);
  json normalizer = {{"type", "BertNormalizer"},
                     {"lowercase", from.normalizer_lowercase.value_or(true)}};
  if (from.normalizer_strip_accents) normalizer["strip_accents"] = *from.normalizer_strip_accents;
  parts->set_components({{"normalizer", normalizer},
                         {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
                         {"decoder", {{"type", "WordPiece"}}}});
  auto first = from.bos_token_id ? from.bos_token_id : from.cls_token_id;
  parts->post_processor = surroundings(
      valid(first.value_or(101), from), from.add_bos_token.value_or(true),
      valid(from.separator_token_id.value_or(102), from), from.add_sep_token.value_or(true));
  return parts;
}

constexpr ComponentType<TokenizerParts, GgufVocabulary> kinds[] = {
    {"gpt2", byte_level},          {"llama", sentencepiece_bpe}, {"bert", word_piece},
    {"t5", sentencepiece_unigram}, {"gemma4", marked_spaces},
};

TokenizerConfig config_of(const GgufVocabulary& from) {
  auto text = [&](std::optional<int64_t> id) {
    auto known = valid(id, from);
    return known ? token_text(from, static_cast<size_t>(*known)) : std::string();
  };
  TokenizerConfig config;
  config.bos_token = text(from.bos_token_id);
  config.eos_token = text(from.eos_token_id);
  config.unk_token = text(from.unknown_token_id);
  config.pad_token = text(from.padding_token_id);
  config.chat_template = from.chat_template;
  return config;
}

}  // namespace

Tokenizer tokenizer_of_gguf(const GgufVocabulary& vocabulary, std::string_view file) {
  try {
    check_tables(vocabulary);
    bool is_marked = vocabulary.model == "gpt2" &&
                     (vocabulary.pre == "gemma4" || vocabulary.pre == "sarvam-moe" ||
                      vocabulary.pre == "granite-embed-multi-311m");
    Parts parts = is_marked ? marked_spaces(vocabulary)
                            : make_component(kinds, "vocabulary kind (tokenizer.ggml.model)",
                                             vocabulary.model, vocabulary);
    parts->add_tokens(added_tokens(vocabulary));
    parts->config = config_of(vocabulary);
    return Tokenizer(std::move(parts));
  } catch (const FormatError& error) {
    throw ModelError(fmt::format("[tokenizer] {}: {}", file, error.what()), error.advice());
  }
}

std::vector<int32_t> end_of_generation_ids(const GgufVocabulary& vocabulary) {
  static constexpr std::string_view names[] = {"<|eot_id|>",
                                               "<|im_end|>",
                                               "<|end|>",
                                               "<|return|>",
                                               "<|call|>",
                                               "<|flush|>",
                                               "<|calls|>",
                                               "<end_of_turn>",
                                               "<|endoftext|>",
                                               "</s>",
                                               "<|eom_id|>",
                                               "<EOT>",
                                               "_<EOT>",
                                               "[EOT]",
                                               "[EOS]",
                                               "<|end_of_text|>",
                                               "<end_of_utterance>",
                                               "<eos>",
                                               "<turn|>",
                                               "<|tool_response>",
                                               "<｜end▁of▁sentence｜>",
                                               "[e~["};
  std::vector<int32_t> ids;
  for (auto id : {vocabulary.eos_token_id, vocabulary.eot_token_id, vocabulary.eom_token_id}) {
    if (auto known = valid(id, vocabulary)) ids.push_back(*known);
  }
  bool ends_calls = false;  // <|end|> then only ends a message that others follow
  for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string& text = vocabulary.tokens[id];
    if (std::find(std::begin(names), std::end(names), text) == std::end(names)) continue;
    ids.push_back(static_cast<int32_t>(id));
    ends_calls = ends_calls || text == "<|call|>" || text == "<|calls|>";
  }
  if (ends_calls) {
    std::erase_if(ids, [&](int32_t id) {
      return vocabulary.tokens[static_cast<size_t>(id)] == "<|end|>" &&
             vocabulary.eos_token_id != id;
    });
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace quern::models
