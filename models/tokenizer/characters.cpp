#include "models/tokenizer/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "models/tokenizer/utf8.h"

namespace quern::models {

namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <size_t n>
bool lies_in(const std::array<Range, n>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](Range range) { return c >= range.first && c <= range.last; });
}

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool lies_between(utf8proc_category_t value, utf8proc_category_t first, utf8proc_category_t last) {
  return value >= first && value <= last;
}

/// Alphabetic by Other_Alphabetic alone, though their category is So: the circled and squared Latin
/// letters.
constexpr std::array<Range, 4> alphabetic_symbols = {
    {{0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}}};

/// Extension E begins at U+2B920 here, as it does in the `tokenizers` library (Unicode's block
/// begins at U+2B820): vocabularies were made with that.
constexpr std::array<Range, 8> cjk_ideographs = {{{0x4E00, 0x9FFF},
                                                  {0x3400, 0x4DBF},
                                                  {0x20000, 0x2A6DF},
                                                  {0x2A700, 0x2B73F},
                                                  {0x2B740, 0x2B81F},
                                                  {0x2B920, 0x2CEAF},
                                                  {0xF900, 0xFAFF},
                                                  {0x2F800, 0x2FA1F}}};

}  // namespace

bool is_whitespace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_word_character(char32_t c) {
  if (c < 0x80) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  utf8proc_category_t value = category(c);
  return lies_between(value, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_NL) ||
         value == UTF8PROC_CATEGORY_PC || c == 0x200C || c == 0x200D ||
         lies_in(alphabetic_symbols, c);
}

bool is_numeric(char32_t c) {
  if (c < 0x80) return c >= '0' && c <= '9';
  return lies_between(category(c), UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NO);
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  }
  return lies_between(category(c), UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PO);
}

bool is_nonspacing_mark(char32_t c) { return c >= 0x80 && category(c) == UTF8PROC_CATEGORY_MN; }

bool is_control(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return lies_between(category(c), UTF8PROC_CATEGORY_CC, UTF8PROC_CATEGORY_CO);
}

size_t grapheme_end(std::string_view text, size_t begin) {
  size_t end = begin;
  char32_t previous = next_code_point(text, end);
  utf8proc_int32_t state = 0;
  while (end < text.size()) {
    size_t next_end = end;
    char32_t next = next_code_point(text, next_end);
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(previous),
                                         static_cast<utf8proc_int32_t>(next), &state)) {
      break;
    }
    end = next_end;
    previous = next;
  }
  return end;
}

bool is_cjk_ideograph(char32_t c) { return c >= 0x3400 && lies_in(cjk_ideographs, c); }

}  // namespace quern::models
