#pragma once

#include <cstddef>
#include <string_view>

namespace quern::models {

/// Classes of characters, as Unicode defines them.

/// White_Space.
bool is_whitespace(char32_t c);

/// Alphabetic, Mark, Decimal_Number, Connector_Punctuation or Join_Control: what \w means in a
/// Unicode regular expression (UTS 18, annex C).
bool is_word_character(char32_t c);

/// General category N: digits, letter numbers and fractions.
bool is_numeric(char32_t c);

/// ASCII punctuation and symbols, and general category P.
bool is_punctuation(char32_t c);

/// General category Mn.
bool is_nonspacing_mark(char32_t c);

/// General category Cc, Cf, Cs or Co, but for tab, line feed and carriage return.
bool is_control(char32_t c);

/// Where the extended grapheme cluster (UAX 29) that starts at `begin` ends; text must be valid
/// UTF-8 and begin < text.size().
size_t grapheme_end(std::string_view text, size_t begin);

/// CJK Unified Ideographs, their extensions A to E and the compatibility ideographs.
bool is_cjk_ideograph(char32_t c);

}  // namespace quern::models
