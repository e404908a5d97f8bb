#include "models/prompt/jinja/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>

#include "models/prompt/jinja/value.h"
#include "models/prompt/jinja/work.h"

namespace quern::models::jinja::text {
namespace {

utf8proc_category_t category(uint32_t value) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(value));
}

constexpr size_t maximum_pieces = 4'000'000;
/// Changing a character's case takes so much longer than walking over it.
constexpr size_t case_cost = 3;

void add_piece(std::vector<std::string_view>& pieces, std::string_view piece) {
  if (pieces.size() == maximum_pieces) {
    throw Failure("a string has more than {} parts", maximum_pieces);
  }
  pieces.push_back(piece);
}

template <class Function>
void for_each(std::string_view text, Function function) {
  charge(text.size());
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = code_point_at(text, i);
    function(c, text.substr(i, c.size));
    i += c.size;
  }
}

/// The few letters whose upper case is more than one letter and that occur in running text.
void append_upper(std::string& out, const CodePoint& c, std::string_view bytes) {
  if (!c.valid) {
    out += bytes;
  } else if (c.value == 0xDF) {
    out += "SS";
  } else {
    append_code_point(out, static_cast<uint32_t>(utf8proc_toupper(static_cast<int>(c.value))));
  }
}

void append_lower(std::string& out, const CodePoint& c, std::string_view bytes) {
  if (!c.valid) {
    out += bytes;
  } else if (c.value == 0x130) {
    out += "i\xCC\x87";
  } else {
    append_code_point(out, static_cast<uint32_t>(utf8proc_tolower(static_cast<int>(c.value))));
  }
}

/// Bytes of the last code point of a text that is not empty.
size_t last_size(std::string_view text) {
  size_t start = text.size() - 1;
  while (start > 0 && text.size() - start < 4 && (text[start] & 0xC0) == 0x80) --start;
  const CodePoint c = code_point_at(text, start);
  return start + c.size == text.size() ? c.size : 1;
}

template <class Predicate>
std::string_view strip_if(std::string_view text, bool left, bool right, Predicate strips) {
  while (left && !text.empty()) {
    const CodePoint c = code_point_at(text, 0);
    charge(c.size);
    if (!strips(c, text.substr(0, c.size))) break;
    text.remove_prefix(c.size);
  }
  while (right && !text.empty()) {
    const size_t size = last_size(text);
    const std::string_view bytes = text.substr(text.size() - size);
    charge(size);
    if (!strips(code_point_at(bytes, 0), bytes)) break;
    text.remove_suffix(size);
  }
  return text;
}

bool is_cased(uint32_t value) {
  const auto kind = category(value);
  return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL ||
         kind == UTF8PROC_CATEGORY_LT;
}

}  // namespace

CodePoint code_point_at(std::string_view text, size_t offset) {
  const auto lead = static_cast<unsigned char>(text[offset]);
  if (lead < 0x80) return {lead, 1, true};
  utf8proc_int32_t value;
  const auto size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + offset,
                       static_cast<utf8proc_ssize_t>(text.size() - offset), &value);
  if (size < 1) return {lead, 1, false};
  return {static_cast<uint32_t>(value), static_cast<uint8_t>(size), true};
}

void append_code_point(std::string& out, uint32_t value) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(value), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

size_t length(std::string_view text) {
  charge(text.size());
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++count) i += code_point_at(text, i).size;
  return count;
}

size_t byte_offset(std::string_view text, size_t index) {
  size_t offset = 0;
  for (; index > 0 && offset < text.size(); --index) offset += code_point_at(text, offset).size;
  charge(offset);
  return offset;
}

std::string_view substring(std::string_view text, size_t first, size_t count) {
  text.remove_prefix(byte_offset(text, first));
  return text.substr(0, byte_offset(text, count));
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> pieces;
  for_each(text, [&](const CodePoint&, std::string_view bytes) { add_piece(pieces, bytes); });
  return pieces;
}

bool is_space(uint32_t value) {
  if (value < 0x80)
    return value == ' ' || (value >= 9 && value <= 13) || (value >= 28 && value <= 31);
  return value == 0x85 || value == 0x2028 || value == 0x2029 ||
         category(value) == UTF8PROC_CATEGORY_ZS;
}

bool is_alpha(uint32_t value) {
  const auto kind = category(value);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(uint32_t value) { return category(value) == UTF8PROC_CATEGORY_ND; }

bool is_digit(uint32_t value) {
  const bool superscript = value == 0xB2 || value == 0xB3 || value == 0xB9 || value == 0x2070 ||
                           (value >= 0x2074 && value <= 0x2079) ||
                           (value >= 0x2080 && value <= 0x2089);
  return superscript || is_decimal(value);
}

bool is_numeric(uint32_t value) {
  const auto kind = category(value);
  return kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO;
}

bool is_upper(uint32_t value) { return category(value) == UTF8PROC_CATEGORY_LU; }
bool is_lower(uint32_t value) { return category(value) == UTF8PROC_CATEGORY_LL; }

bool is_printable(uint32_t value) {
  if (value == ' ') return true;
  const auto kind = category(value);
  return kind != UTF8PROC_CATEGORY_CN && kind < UTF8PROC_CATEGORY_ZS;
}

bool is_word(uint32_t value) { return value == '_' || is_alpha(value) || is_numeric(value); }

std::string upper(std::string_view text) {
  charge(case_cost * text.size());
  std::string out;
  for_each(text, [&](const CodePoint& c, std::string_view bytes) { append_upper(out, c, bytes); });
  return out;
}

std::string lower(std::string_view text) {
  charge(case_cost * text.size());
  std::string out;
  for_each(text, [&](const CodePoint& c, std::string_view bytes) { append_lower(out, c, bytes); });
  return out;
}

std::string swap_case(std::string_view text) {
  charge(case_cost * text.size());
  std::string out;
  for_each(text, [&](const CodePoint& c, std::string_view bytes) {
    is_upper(c.value) ? append_lower(out, c, bytes) : append_upper(out, c, bytes);
  });
  return out;
}

std::string capitalize(std::string_view text) {
  charge(case_cost * text.size());
  std::string out;
  for_each(text, [&, first = true](const CodePoint& c, std::string_view bytes) mutable {
    first ? append_upper(out, c, bytes) : append_lower(out, c, bytes);
    first = false;
  });
  return out;
}

std::string title(std::string_view text) {
  charge(case_cost * text.size());
  std::string out;
  for_each(text, [&, inside = false](const CodePoint& c, std::string_view bytes) mutable {
    inside ? append_lower(out, c, bytes) : append_upper(out, c, bytes);
    inside = c.valid && is_cased(c.value);
  });
  return out;
}

std::string_view strip(std::string_view text, bool left, bool right) {
  return strip_if(text, left, right, [](const CodePoint& c, std::string_view) {
    return c.valid && is_space(c.value);
  });
}

std::string_view strip(std::string_view text, std::string_view set, bool left, bool right) {
  const auto members = characters(set);
  return strip_if(text, left, right, [&](const CodePoint&, std::string_view bytes) {
    charge(4 * members.size());
    return std::find(members.begin(), members.end(), bytes) != members.end();
  });
}

std::vector<std::string_view> split_whitespace(std::string_view text, int64_t maximum,
                                               bool from_right) {
  charge(text.size());
  std::vector<std::string_view> pieces;
  const auto space_at = [](std::string_view rest) {
    return is_space(code_point_at(rest, 0).value);
  };
  if (!from_right) {
    text = strip(text, true, false);
    while (!text.empty()) {
      size_t end = 0;
      if (maximum >= 0 && static_cast<int64_t>(pieces.size()) == maximum) end = text.size();
      while (end < text.size() && !space_at(text.substr(end))) end += code_point_at(text, end).size;
      add_piece(pieces, text.substr(0, end));
      text = strip(text.substr(end), true, false);
    }
    return pieces;
  }
  text = strip(text, false, true);
  while (!text.empty()) {
    size_t start = text.size();
    if (maximum >= 0 && static_cast<int64_t>(pieces.size()) == maximum) start = 0;
    while (start > 0) {
      const size_t size = last_size(text.substr(0, start));
      if (space_at(text.substr(start - size))) break;
      start -= size;
    }
    add_piece(pieces, text.substr(start));
    text = strip(text.substr(0, start), false, true);
  }
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separator,
                                    int64_t maximum, bool from_right) {
  std::vector<std::string_view> pieces;
  const auto may_cut = [&] { return maximum < 0 || static_cast<int64_t>(pieces.size()) < maximum; };
  if (!from_right) {
    for (size_t at; may_cut() && (at = find(text, separator)) != text.npos;) {
      add_piece(pieces, text.substr(0, at));
      text.remove_prefix(at + separator.size());
    }
    add_piece(pieces, text);
    return pieces;
  }
  for (size_t at; may_cut() && (at = find_last(text, separator)) != text.npos;) {
    add_piece(pieces, text.substr(at + separator.size()));
    text = text.substr(0, at);
  }
  add_piece(pieces, text);
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  charge(text.size());
  std::vector<std::string_view> lines;
  size_t start = 0;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = code_point_at(text, i);
    size_t end = i + c.size;
    const bool ends_line = (c.value >= 10 && c.value <= 13) || (c.value >= 28 && c.value <= 30) ||
                           (c.valid && (c.value == 0x85 || c.value == 0x2028 || c.value == 0x2029));
    if (ends_line) {
      if (c.value == '\r' && end < text.size() && text[end] == '\n') ++end;
      add_piece(lines, text.substr(start, (keep_ends ? end : i) - start));
      start = end;
    }
    i = end;
  }
  if (start < text.size()) add_piece(lines, text.substr(start));
  return lines;
}

size_t find(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  // Linear in the worst case too, which string_view's own search is not.
  const void* found = memmem(text.data(), text.size(), part.data(), part.size());
  const size_t at = found ? size_t(static_cast<const char*>(found) - text.data()) : text.npos;
  charge((found ? at : text.size()) / 4 + 1);
  return at;
}

size_t find_last(std::string_view text, std::string_view part) {
  if (part.size() > text.size()) return text.npos;
  for (size_t at = text.size() - part.size() + 1; at-- > 0;) {
    charge(1);
    if (!part.empty() && text[at] != part[0]) continue;
    charge(part.size() / 4);
    if (text.substr(at, part.size()) == part) return at;
  }
  return text.npos;
}

std::string replace(std::string_view text, std::string_view old, std::string_view replacement,
                    int64_t maximum) {
  std::string out;
  int64_t done = 0;
  const auto may_replace = [&] { return maximum < 0 || done < maximum; };
  if (old.empty()) {
    for_each(text, [&](const CodePoint&, std::string_view bytes) {
      if (may_replace()) {
        out += replacement;
        ++done;
      }
      out += bytes;
    });
    if (may_replace()) out += replacement;
    return out;
  }
  for (size_t at; may_replace() && (at = find(text, old)) != text.npos; ++done) {
    out += text.substr(0, at);
    out += replacement;
    text.remove_prefix(at + old.size());
  }
  out += text;
  return out;
}

size_t count(std::string_view text, std::string_view part) {
  if (part.empty()) return length(text) + 1;
  size_t found = 0;
  for (size_t at; (at = find(text, part)) != text.npos; ++found) {
    text.remove_prefix(at + part.size());
  }
  return found;
}

}  // namespace quern::models::jinja::text
