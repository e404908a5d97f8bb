#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "models/tokenizer/base64.h"
#include "models/tokenizer/bpe.h"
#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/split_schemes.h"
#include "models/tokenizer/tokenizer_parts.h"

namespace quern::models {

namespace {

struct Special {
  std::string_view content;  // {} stands for a number, counted from 0
  int32_t first;             // id, from the highest rank + 1 when `relative`
  int32_t count = 1;
};

/// What a tiktoken file does not say.
struct Style {
  std::string_view name;    // part of the tokenizer's class or of the file's name, in lower case
  std::string_view scheme;  // how text is divided
  std::span<const Special> specials;  // when tokenizer_config.json names none
  bool relative = true;
};

constexpr Special qwen_specials[] = {
    {"<|endoftext|>", 0}, {"<|im_start|>", 1}, {"<|im_end|>", 2}, {"<|extra_{}|>", 3, 205}};
constexpr Special kimi_specials[] = {{"[BOS]", 0}, {"[EOS]", 1}};
constexpr Special cl100k_specials[] = {{"<|endoftext|>", 100257},
                                       {"<|fim_prefix|>", 100258},
                                       {"<|fim_middle|>", 100259},
                                       {"<|fim_suffix|>", 100260},
                                       {"<|endofprompt|>", 100276}};
constexpr Special o200k_specials[] = {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}};
constexpr Special gpt2_specials[] = {{"<|endoftext|>", 50256}};
constexpr Special llama3_specials[] = {{"<|begin_of_text|>", 0},
                                       {"<|end_of_text|>", 1},
                                       {"<|reserved_special_token_0|>", 2},
                                       {"<|reserved_special_token_1|>", 3},
                                       {"<|reserved_special_token_2|>", 4},
                                       {"<|reserved_special_token_3|>", 5},
                                       {"<|start_header_id|>", 6},
                                       {"<|end_header_id|>", 7},
                                       {"<|reserved_special_token_4|>", 8},
                                       {"<|eot_id|>", 9}};

constexpr Style styles[] = {
    {"qwen", "qwen2", qwen_specials},
    {"kimi", "kimi-k2", kimi_specials},
    {"tiktokentokenizer", "kimi-k2", kimi_specials},
    {"o200k", "gpt-4o", o200k_specials, false},
    {"cl100k", "chatglm-bpe", cl100k_specials, false},
    {"gpt2", "gpt-2", gpt2_specials, false},
    {"r50k", "gpt-2", gpt2_specials, false},
    {"p50k", "gpt-2", gpt2_specials, false},
    {"glm", "chatglm-bpe", {}},
    {"", "llama-bpe", llama3_specials},
};

const Style& style_of(std::string_view tokenizer_class, std::string_view file_name) {
  for (std::string_view source : {tokenizer_class, file_name}) {
    std::string lower(source);
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const Style& style : styles) {
      if (!style.name.empty() && lower.find(style.name) != lower.npos) return style;
    }
  }
  return std::end(styles)[-1];
}

struct Line {
  std::string token;  // bytes
  int64_t rank;
};

/// "base64 rank"; absent when it is something else.
std::optional<Line> read_line(std::string_view line) {
  size_t space = line.find(' ');
  if (space == 0 || space == line.npos) return std::nullopt;
  auto token = base64_bytes(line.substr(0, space));
  std::string_view digits = line.substr(space + 1);
  int64_t rank = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
  if (!token || token->empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return Line{std::move(*token), rank};
}

std::string_view next_line(std::string_view& text) {
  size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Vocabulary read_ranks(std::string_view text) {
  Vocabulary vocabulary;
  constexpr size_t typical_line = 15;  // bytes
  vocabulary.reserve(text.size() / typical_line, text.size());
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = next_line(text);
    if (line.empty()) continue;
    auto entry = read_line(line);
    if (!entry) {
      throw FormatError(fmt::format("line {} is not a token in base64 and its rank", number));
    }
    std::string characters;
    append_byte_characters(entry->token, characters);
    vocabulary.add(characters, entry->rank);
  }
  if (vocabulary.size() == 0) throw FormatError("the file has no tokens");
  return vocabulary;
}

std::vector<AddedToken> special_tokens(const Style& style, int32_t vocab_size) {
  std::vector<AddedToken> tokens;
  for (const Special& special : style.specials) {
    for (int32_t i = 0; i < special.count; ++i) {
      AddedToken token;
      token.content = special.content;
      size_t place = token.content.find("{}");
      if (place != token.content.npos) token.content.replace(place, 2, std::to_string(i));
      token.id = special.first + i + (style.relative ? vocab_size : 0);
      token.special = true;
      tokens.push_back(std::move(token));
    }
  }
  return tokens;
}

}  // namespace

bool is_tiktoken(std::string_view text) { return read_line(next_line(text)).has_value(); }

TokenizerParts read_tiktoken(std::string_view text, std::string_view file_name,
                             const TokenizerConfig& config) {
  const Style& style = style_of(config.tokenizer_class, file_name);
  const SplitScheme& scheme = *find_split_scheme(style.scheme);
  TokenizerParts parts;
  Vocabulary vocabulary = read_ranks(text);
  std::vector<int32_t> ranks(static_cast<size_t>(vocabulary.size()));
  for (int32_t id = 0; id < vocabulary.size(); ++id) ranks[static_cast<size_t>(id)] = id;
  MergeRules rules = rules_of_vocabulary(vocabulary, ranks);
  BpeSettings settings;
  settings.ignore_merges = true;
  parts.model = std::make_unique<Bpe>(std::move(vocabulary), std::move(rules), std::move(settings));
  parts.set_components(
      {{"normalizer", scheme.nfc ? nlohmann::json({{"type", "NFC"}}) : nlohmann::json()},
       {"pre_tokenizer", pre_tokenizer_of(scheme)},
       {"decoder", {{"type", "ByteLevel"}}}});
  bool names_specials = !config.added_tokens.empty();
  int32_t size = parts.model->vocabulary().size();
  parts.add_tokens(names_specials ? std::vector<AddedToken>() : special_tokens(style, size));
  parts.config = config;
  parts.add_missing_tokens(config.added_tokens);
  auto bos = parts.find(config.bos_token);
  bool begins = config.add_bos_token.value_or(scheme.adds_bos);
  if (!bos && !names_specials && begins) bos = parts.find("<|begin_of_text|>");
  if (bos && begins) parts.post_processor.prefix = {*bos};
  if (bos && config.bos_token.empty()) parts.config.bos_token = parts.text(*bos);
  return parts;
}

}  // namespace quern::models
