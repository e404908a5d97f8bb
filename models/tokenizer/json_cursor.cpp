#include "models/tokenizer/json_cursor.h"

#include <fmt/format.h>

#include <charconv>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

void JsonCursor::fail(std::string_view expected) const {
  if (position_ >= text_.size()) {
    throw FormatError(
        fmt::format("the JSON text ends at byte {} where {} belongs", text_.size(), expected));
  }
  throw FormatError(fmt::format("the JSON text is broken at byte {} of {}, where {} belongs",
                                position_, text_.size(), expected));
}

void JsonCursor::skip_space() {
  while (position_ < text_.size()) {
    char c = text_[position_];
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
    ++position_;
  }
}

char JsonCursor::peek() {
  skip_space();
  return position_ < text_.size() ? text_[position_] : '\0';
}

bool JsonCursor::consume(char c) {
  if (peek() != c) return false;
  ++position_;
  return true;
}

void JsonCursor::expect(char c) {
  if (!consume(c)) fail(fmt::format("'{}'", c));
}

bool JsonCursor::next_element(bool& first) {
  if (first) expect('[');
  if (consume(']')) return false;
  if (!first) expect(',');
  first = false;
  return true;
}

bool JsonCursor::next_member(bool& first, std::string_view& key) {
  if (first) expect('{');
  if (consume('}')) return false;
  if (!first) expect(',');
  first = false;
  key = string();
  expect(':');
  return true;
}

std::string_view JsonCursor::string() {
  if (peek() != '"') fail("a string");
  size_t start = ++position_;
  while (position_ < text_.size()) {
    auto c = static_cast<uint8_t>(text_[position_]);
    if (c == '"') return text_.substr(start, position_++ - start);
    if (c == '\\') {
      unescaped_.assign(text_.substr(start, position_ - start));
      unescape();
      return unescaped_;
    }
    if (c < 0x20) fail("an escaped control character");
    ++position_;
  }
  fail("the end of a string");
}

void JsonCursor::unescape() {
  static constexpr std::string_view letters = "\"\\/bfnrt";
  static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  while (position_ < text_.size()) {
    char c = text_[position_];
    if (static_cast<uint8_t>(c) < 0x20) fail("an escaped control character");
    ++position_;
    if (c == '"') return;
    if (c != '\\') {
      unescaped_.push_back(c);
      continue;
    }
    char letter = position_ < text_.size() ? text_[position_] : '\0';
    if (size_t i = letters.find(letter); i != letters.npos) {
      ++position_;
      unescaped_.push_back(meanings[i]);
      continue;
    }
    if (letter != 'u') fail("an escape sequence");
    ++position_;
    uint32_t unit = four_hex_digits();
    if (unit >= 0xD800 && unit < 0xDC00) {
      if (text_.substr(position_, 2) != "\\u") fail("the second half of a surrogate pair");
      position_ += 2;
      uint32_t low = four_hex_digits();
      if (low < 0xDC00 || low > 0xDFFF) fail("the second half of a surrogate pair");
      unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
      fail("a character and not half of a surrogate pair");
    }
    append_utf8(unit, unescaped_);
  }
  fail("the end of a string");
}

uint32_t JsonCursor::four_hex_digits() {
  uint32_t value = 0;
  std::string_view digits = text_.substr(position_, 4);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc() || end != digits.data() + 4) fail("four hexadecimal digits");
  position_ += 4;
  return value;
}

int64_t JsonCursor::integer() {
  skip_space();
  int64_t value = 0;
  const char* begin = text_.data() + position_;
  auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
  if (error != std::errc()) fail("a whole number");
  if (end != text_.data() + text_.size() && (*end == '.' || *end == 'e' || *end == 'E')) {
    fail("a whole number");
  }
  position_ += static_cast<size_t>(end - begin);
  return value;
}

double JsonCursor::number() {
  skip_space();
  double value = 0;
  const char* begin = text_.data() + position_;
  auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
  if (error != std::errc()) fail("a number");
  position_ += static_cast<size_t>(end - begin);
  return value;
}

void JsonCursor::skip_string() {
  for (++position_; position_ < text_.size(); ++position_) {
    char c = text_[position_];
    if (c == '\\') {
      ++position_;
    } else if (c == '"') {
      ++position_;
      return;
    }
  }
  position_ = text_.size();
  fail("the end of a string");
}

std::string_view JsonCursor::skip_value() {
  char c = peek();
  size_t start = position_;
  if (c == '"') {
    skip_string();
  } else if (c == '{' || c == '[') {
    size_t depth = 0;
    do {
      if (position_ >= text_.size()) fail("a closing bracket");
      c = text_[position_];
      if (c == '"') {
        skip_string();
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++position_;
    } while (depth > 0);
  } else {
    while (position_ < text_.size() &&
           std::string_view(",]} \n\r\t").find(text_[position_]) == std::string_view::npos) {
      ++position_;
    }
    if (position_ == start) fail("a value");
  }
  return text_.substr(start, position_ - start);
}

void JsonCursor::end() {
  skip_space();
  if (position_ < text_.size()) fail("the end");
}

}  // namespace quern::models
