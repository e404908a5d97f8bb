#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Strings as Python sees them, over UTF-8: positions and lengths count code points. A byte that
/// belongs to no code point counts as one, so any bytes can pass through. The work is charged to
/// the rendering that is going on.
namespace quern::models::jinja::text {

struct CodePoint {
  uint32_t value;  ///< the byte itself where it is not valid UTF-8
  uint8_t size;    ///< bytes it takes, 1 to 4
  bool valid;
};

/// The code point at byte `offset`, which must lie inside the text.
CodePoint code_point_at(std::string_view text, size_t offset);
void append_code_point(std::string& out, uint32_t value);

size_t length(std::string_view text);
/// The byte where code point `index` begins; the text's size when there are not that many.
size_t byte_offset(std::string_view text, size_t index);
std::string_view substring(std::string_view text, size_t first, size_t count);
/// One piece per code point.
std::vector<std::string_view> characters(std::string_view text);

bool is_space(uint32_t value);
bool is_alpha(uint32_t value);
bool is_digit(uint32_t value);
bool is_decimal(uint32_t value);
bool is_numeric(uint32_t value);
bool is_upper(uint32_t value);
bool is_lower(uint32_t value);
/// Whether repr shows it as it is.
bool is_printable(uint32_t value);
/// Letters, digits and the underscore, as a regular expression's \w.
bool is_word(uint32_t value);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string swap_case(std::string_view text);
/// The first code point upper case, the rest lower case.
std::string capitalize(std::string_view text);
/// Every run of letters capitalized.
std::string title(std::string_view text);

/// Without leading or trailing white space.
std::string_view strip(std::string_view text, bool left = true, bool right = true);
/// Without leading or trailing code points that occur in `set`.
std::string_view strip(std::string_view text, std::string_view set, bool left, bool right);

/// Pieces between runs of white space, at most `maximum` cuts (negative: no bound).
std::vector<std::string_view> split_whitespace(std::string_view text, int64_t maximum,
                                               bool from_right);
/// Pieces between occurrences of `separator`, which is not empty.
std::vector<std::string_view> split(std::string_view text, std::string_view separator,
                                    int64_t maximum, bool from_right);
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);

/// The first and the last occurrence of `part`; npos when there is none.
size_t find(std::string_view text, std::string_view part);
size_t find_last(std::string_view text, std::string_view part);

/// At most `maximum` occurrences (negative: all) replaced from the left.
std::string replace(std::string_view text, std::string_view old, std::string_view replacement,
                    int64_t maximum);
size_t count(std::string_view text, std::string_view part);

}  // namespace quern::models::jinja::text
