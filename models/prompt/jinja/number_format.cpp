#include "models/prompt/jinja/number_format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

constexpr int64_t maximum_precision = 400;

bool is_align(char c) { return c == '<' || c == '>' || c == '^' || c == '='; }

int64_t read_number(std::string_view& source, int64_t absent) {
  if (source.empty() || source[0] < '0' || source[0] > '9') return absent;
  int64_t number = 0;
  while (!source.empty() && source[0] >= '0' && source[0] <= '9') {
    number = number * 10 + (source[0] - '0');
    if (number > INT32_MAX) throw Failure("a width or precision is too large");
    source.remove_prefix(1);
  }
  return number;
}

bool take(std::string_view& source, char c) {
  if (source.empty() || source[0] != c) return false;
  source.remove_prefix(1);
  return true;
}

std::string in_base(uint64_t number, unsigned base) {
  std::string digits;
  do {
    digits += "0123456789abcdef"[number % base];
    number /= base;
  } while (number > 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

void group_digits(std::string& digits, char separator, size_t every) {
  size_t end = digits.find_first_not_of("0123456789abcdefABCDEF");
  if (end == std::string::npos) end = digits.size();
  for (size_t at = end; at > every;) {
    at -= every;
    digits.insert(at, 1, separator);
  }
}

/// The magnitude of a finite float by a printf conversion.
std::string printed(double number, char type, int64_t precision, bool alternate) {
  if (precision > maximum_precision) throw Failure("a precision is too large");
  const char pattern[] = {'%', alternate ? '#' : '+', '.', '*', type, 0};
  char buffer[1024];
  const int size =
      std::snprintf(buffer, sizeof buffer, pattern, static_cast<int>(precision), number);
  std::string out(buffer, static_cast<size_t>(size));
  return !alternate ? out.substr(1) : out;
}

std::string float_magnitude(double number, const FormatSpecification& how) {
  const bool upper = how.type == 'E' || how.type == 'F' || how.type == 'G';
  std::string out;
  if (std::isnan(number) || std::isinf(number)) {
    out = std::isnan(number) ? "nan" : "inf";
    if (upper) out = text::upper(out);
  } else if (how.type == 0 && how.precision < 0) {
    out = float_text(number);
  } else if (how.type == 0) {
    out = printed(number, 'g', std::max<int64_t>(how.precision, 1), how.alternate);
    if (out.find_first_of(".e") == std::string::npos) out += ".0";
  } else if (how.type == '%') {
    out = printed(number * 100, 'f', how.precision < 0 ? 6 : how.precision, how.alternate) + '%';
  } else {
    const char type = how.type == 'n' ? 'g' : how.type;
    out = printed(number, type, how.precision < 0 ? 6 : how.precision, how.alternate);
  }
  if (how.grouping) group_digits(out, how.grouping, 3);
  return out;
}

std::string integer_magnitude(uint64_t number, const FormatSpecification& how) {
  if (how.precision >= 0) throw Failure("precision not allowed in integer format");
  unsigned base = 10;
  if (how.type == 'x' || how.type == 'X') base = 16;
  if (how.type == 'o') base = 8;
  if (how.type == 'b') base = 2;
  std::string out = in_base(number, base);
  if (how.grouping) group_digits(out, how.grouping, base == 10 ? 3 : 4);
  if (how.alternate && base != 10)
    out = fmt::format("0{}{}", base == 2 ? 'b' : base == 8 ? 'o' : 'x', out);
  return how.type == 'X' ? text::upper(out) : out;
}

std::string sign_text(bool negative, char sign) {
  if (negative) return "-";
  return sign == '-' ? "" : std::string(1, sign);
}

std::string padded(Runtime& runtime, const std::string& sign, const std::string& body,
                   const FormatSpecification& how, char default_align) {
  const auto used = static_cast<int64_t>(text::length(sign) + text::length(body));
  const int64_t room = how.width - used;
  if (room <= 0) return sign + body;
  runtime.reserve_bytes(how.fill.size(), static_cast<size_t>(room));
  const auto fill = [&](int64_t times) {
    std::string out;
    for (int64_t i = 0; i < times; ++i) out += how.fill;
    return out;
  };
  switch (how.align ? how.align : default_align) {
    case '<':
      return sign + body + fill(room);
    case '^':
      return fill(room / 2) + sign + body + fill(room - room / 2);
    case '=':
      return sign + fill(room) + body;
    default:
      return fill(room) + sign + body;
  }
}

}  // namespace

FormatSpecification FormatSpecification::parse(std::string_view source) {
  FormatSpecification how;
  if (!source.empty()) {
    const size_t first = text::code_point_at(source, 0).size;
    if (source.size() > first && is_align(source[first])) {
      how.fill = source.substr(0, first);
      how.align = source[first];
      source.remove_prefix(first + 1);
    } else if (is_align(source[0])) {
      how.align = source[0];
      source.remove_prefix(1);
    }
  }
  for (const char sign : {'+', '-', ' '}) {
    if (take(source, sign)) {
      how.sign = sign;
      break;
    }
  }
  how.alternate = take(source, '#');
  if (take(source, '0') && !how.align) {
    how.fill = '0';
    how.align = '=';
  }
  how.width = read_number(source, 0);
  for (const char grouping : {',', '_'}) {
    if (take(source, grouping)) how.grouping = grouping;
  }
  if (take(source, '.')) {
    how.precision = read_number(source, -1);
    if (how.precision < 0) throw Failure("format specifier missing precision");
  }
  if (!source.empty()) {
    how.type = source[0];
    source.remove_prefix(1);
  }
  if (!source.empty()) throw Failure("invalid format specifier");
  return how;
}

std::string format_value(Runtime& runtime, const Value& value, const FormatSpecification& how) {
  constexpr std::string_view integer_types = "bdoxXn", float_types = "eEfFgGn%";
  const auto is_type = [&](std::string_view types) { return types.find(how.type) != types.npos; };
  const bool plain_boolean = value.is_boolean() && how.type == 0;
  if (value.is_integral() && !plain_boolean && (how.type == 0 || is_type(integer_types))) {
    const bool negative = value.integer() < 0;
    const auto bits = static_cast<uint64_t>(value.integer());
    return padded(runtime, sign_text(negative, how.sign),
                  integer_magnitude(negative ? 0 - bits : bits, how), how, '>');
  }
  if (value.is_number() && !plain_boolean &&
      ((value.is_float() && how.type == 0) || is_type(float_types))) {
    const double number = value.number();
    const bool negative = std::signbit(number) && !std::isnan(number);
    return padded(runtime, sign_text(negative, how.sign), float_magnitude(std::fabs(number), how),
                  how, '>');
  }
  const bool text_type = how.type == 0 || how.type == 's';
  if (!text_type || value.is_float() || (value.is_integral() && !plain_boolean)) {
    throw Failure("unknown format code '{}' for object of type '{}'", how.type, value.type_name());
  }
  if (how.align == '=' && how.fill != "0") {
    throw Failure("'=' alignment not allowed in string format specifier");
  }
  std::string body = to_text(value);
  if (how.precision >= 0) body = text::substring(body, 0, static_cast<size_t>(how.precision));
  FormatSpecification text_how = how;
  if (text_how.align == '=') text_how.align = '<';
  return padded(runtime, "", body, text_how, '<');
}

}  // namespace quern::models::jinja
