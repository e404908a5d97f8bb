#include "models/prompt/jinja/number_literal.h"

#include <fmt/format.h>

#include <charconv>

namespace quern::models::jinja {

Value integer_value(const Token& token) {
  std::string_view digits = token.text;
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    const char mark = static_cast<char>(digits[1] | 32);
    base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
    if (base != 10) digits.remove_prefix(2);
  }
  int64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (end.ec != std::errc())
    throw SyntaxFailure(fmt::format("the integer {} does not fit in 64 bits", token.text),
                        token.line);
  return value;
}

Value float_value(const Token& token) {
  double value = 0;
  const auto end = std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
  if (end.ec != std::errc())
    throw SyntaxFailure(fmt::format("the number {} is out of range", token.text), token.line);
  return value;
}

}  // namespace quern::models::jinja
