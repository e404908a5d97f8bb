#include "models/tokenizer/added_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/tokenizer/characters.h"
#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/utf8.h"
#include "models/tokenizer/vocabulary.h"

namespace quern::models {

namespace {

bool ends_with_word(std::string_view text) {
  size_t end = text.size();
  return end > 0 && is_word_character(previous_code_point(text, end));
}

bool starts_with_word(std::string_view text) {
  size_t begin = 0;
  return !text.empty() && is_word_character(next_code_point(text, begin));
}

/// Where the white space before `end` begins.
size_t skip_space_back(std::string_view text, size_t end) {
  for (size_t i = end; i > 0 && is_whitespace(previous_code_point(text, i));) end = i;
  return end;
}

/// Where the white space behind `begin` ends.
size_t skip_space(std::string_view text, size_t begin) {
  for (size_t i = begin; i < text.size() && is_whitespace(next_code_point(text, i));) begin = i;
  return begin;
}

}  // namespace

AddedToken read_added_token(const nlohmann::json& entry, int64_t id) {
  constexpr const char* where = "an added token";
  AddedToken token;
  token.content = string_field(entry, "content", where);
  if (id < 0 || id >= Vocabulary::id_limit) {
    throw FormatError(fmt::format("the added token {} has the id {}, which is outside 0 to {}",
                                  in_quotes(token.content), id, Vocabulary::id_limit - 1));
  }
  token.id = static_cast<int32_t>(id);
  token.single_word = bool_field(entry, "single_word", where, false);
  token.lstrip = bool_field(entry, "lstrip", where, false);
  token.rstrip = bool_field(entry, "rstrip", where, false);
  token.special = bool_field(entry, "special", where, false);
  token.normalized = bool_field(entry, "normalized", where, !token.special);
  return token;
}

AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens)
    : tokens_(std::move(tokens)), first_bytes_(256) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  std::sort(tokens_.begin(), tokens_.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
  for (const AddedToken& token : tokens_) {
    first_bytes_[static_cast<uint8_t>(token.content[0])] = true;
  }
}

const AddedToken* AddedTokenMatcher::longest_prefix(std::string_view rest) const {
  // The tokens that share the first n bytes with the rest are neighbours; each byte narrows the
  // range.
  auto first = tokens_.begin();
  auto last = tokens_.end();
  const AddedToken* longest = nullptr;
  for (size_t n = 0; n < rest.size() && first != last; ++n) {
    auto byte_at_n = [n](const AddedToken& token) {
      return n < token.content.size() ? static_cast<uint8_t>(token.content[n]) : -1;
    };
    int byte = static_cast<uint8_t>(rest[n]);
    first =
        std::partition_point(first, last, [&](const AddedToken& t) { return byte_at_n(t) < byte; });
    last = std::partition_point(first, last,
                                [&](const AddedToken& t) { return byte_at_n(t) == byte; });
    if (first != last && first->content.size() == n + 1) longest = &*first;
  }
  return longest;
}

std::vector<AddedTokenSpan> AddedTokenMatcher::find_all(std::string_view text) const {
  std::vector<AddedTokenSpan> spans;
  size_t covered = 0;  // by the spans so far
  for (size_t i = 0; i < text.size();) {
    const AddedToken* token =
        first_bytes_[static_cast<uint8_t>(text[i])] ? longest_prefix(text.substr(i)) : nullptr;
    if (!token) {
      ++i;
      continue;
    }
    size_t begin = i;
    size_t end = i + token->content.size();
    i = end;
    if (token->single_word &&
        (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) {
      continue;
    }
    if (token->lstrip) begin = std::max(skip_space_back(text, begin), covered);
    if (token->rstrip) end = skip_space(text, end);
    if (begin > covered) spans.push_back({covered, begin, -1});
    spans.push_back({begin, end, token->id});
    covered = end;
  }
  if (covered < text.size()) spans.push_back({covered, text.size(), -1});
  return spans;
}

}  // namespace quern::models
