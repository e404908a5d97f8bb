#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/tokenizer/bpe.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/split_schemes.h"
#include "models/tokenizer/tokenizer_parts.h"
#include "models/tokenizer/utf8.h"
#include "models/tokenizer/word_piece.h"

namespace quern::models {

using nlohmann::json;

namespace {

/// Calls visit(line, number) for each line, counted from 1 and without its end.
template <class Visit>
void visit_lines(std::string_view text, Visit visit) {
  for (size_t begin = 0, number = 1; begin < text.size(); ++number) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    visit(line, number);
    begin = end + 1;
  }
}

void check_utf8(std::string_view text) {
  if (!is_valid_utf8(text)) throw FormatError("the text is not valid UTF-8");
}

MergeRules read_merges(std::string_view text, const Vocabulary& vocabulary) {
  MergeRuleList rules(vocabulary);
  visit_lines(text, [&](std::string_view line, size_t number) {
    bool is_version = number == 1 && line.starts_with("#version");
    if (line.empty() || is_version) return;
    try {
      rules.add_line(line);
    } catch (const FormatError& error) {
      throw FormatError(fmt::format("merges.txt beside it, line {}: {}", number, error.what()),
                        error.advice());
    }
  });
  return std::move(rules).rules();
}

/// Makes the tokens that the vocabulary has and the configuration names special ones.
void add_special_tokens(TokenizerParts& parts, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<AddedToken> tokens;
  for (const std::string& name : names) {
    auto id = parts.find(name);
    if (!id || parts.added_ids.contains(name)) continue;
    AddedToken token;
    token.content = name;
    token.id = *id;
    token.special = true;
    tokens.push_back(std::move(token));
  }
  parts.add_tokens(tokens);
}

/// How the tokenizer classes that read vocab.json divide text, where not like GPT-2.
constexpr std::pair<std::string_view, std::string_view> schemes_of_classes[] = {
    {"Qwen2Tokenizer", "qwen2"},
    {"Qwen2TokenizerFast", "qwen2"},
    {"GPTNeoXTokenizerFast", "mpt"},
};

const SplitScheme& scheme_of_class(std::string_view tokenizer_class) {
  for (const auto& [name, scheme] : schemes_of_classes) {
    if (name == tokenizer_class) return *find_split_scheme(scheme);
  }
  return *find_split_scheme("gpt-2");
}

bool wraps_text(std::string_view tokenizer_class) {
  for (std::string_view name : {"Roberta", "Bart", "Longformer"}) {
    if (tokenizer_class.starts_with(name)) return true;
  }
  return false;
}

}  // namespace

TokenizerParts read_vocabulary_and_merges(std::string_view vocabulary_json, std::string_view merges,
                                          const TokenizerConfig& config) {
  check_utf8(vocabulary_json);
  check_utf8(merges);
  TokenizerParts parts;
  Vocabulary vocabulary = read_vocabulary(vocabulary_json, "vocab.json");
  MergeRules rules = read_merges(merges, vocabulary);
  const SplitScheme& scheme = scheme_of_class(config.tokenizer_class);
  parts.model = std::make_unique<Bpe>(std::move(vocabulary), std::move(rules), BpeSettings());
  json pre_tokenizer = pre_tokenizer_of(scheme);
  if (config.add_prefix_space.value_or(false)) {
    pre_tokenizer = {{"type", "ByteLevel"}, {"add_prefix_space", true}};
  }
  parts.set_components({{"normalizer", scheme.nfc ? json({{"type", "NFC"}}) : json()},
                        {"pre_tokenizer", pre_tokenizer},
                        {"decoder", {{"type", "ByteLevel"}}}});
  parts.config = config;
  parts.add_missing_tokens(config.added_tokens);
  add_special_tokens(parts, {config.bos_token, config.eos_token, config.unk_token, config.pad_token,
                             "<|endoftext|>"});
  auto bos = parts.find(config.bos_token);
  auto eos = parts.find(config.eos_token);
  bool wraps = wraps_text(config.tokenizer_class);
  if (bos && config.add_bos_token.value_or(wraps)) parts.post_processor.prefix = {*bos};
  if (eos && config.add_eos_token.value_or(wraps)) parts.post_processor.suffix = {*eos};
  return parts;
}

TokenizerParts read_word_list(std::string_view text, const TokenizerConfig& config) {
  check_utf8(text);
  Vocabulary vocabulary;
  visit_lines(text, [&](std::string_view line, size_t number) {
    vocabulary.add(line, static_cast<int64_t>(number) - 1, Vocabulary::Repeated::later_wins);
  });
  TokenizerParts parts;
  std::string unk_token = config.unk_token.empty() ? "[UNK]" : config.unk_token;
  auto unk = vocabulary.find(unk_token);
  if (!unk) {
    throw FormatError(
        fmt::format("the vocabulary lacks the unknown token {}", in_quotes(unk_token)));
  }
  parts.model = std::make_unique<WordPiece>(std::move(vocabulary), *unk);
  parts.set_components(
      {{"normalizer",
        {{"type", "BertNormalizer"}, {"lowercase", config.do_lower_case.value_or(true)}}},
       {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
       {"decoder", {{"type", "WordPiece"}}}});
  parts.config = config;
  parts.add_missing_tokens(config.added_tokens);
  add_special_tokens(parts, {unk_token, "[CLS]", "[SEP]", "[PAD]", "[MASK]"});
  if (auto cls = parts.find("[CLS]")) parts.post_processor.prefix = {*cls};
  if (auto sep = parts.find("[SEP]")) parts.post_processor.suffix = {*sep};
  return parts;
}

}  // namespace quern::models
