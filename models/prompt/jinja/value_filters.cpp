#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "models/prompt/jinja/filters.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

/// The text without surrounding space and, as Python's numbers allow, without single underscores
/// between digits; absent where an underscore stands elsewhere.
std::optional<std::string> number_text(std::string_view text) {
  text = text::strip(text);
  std::string out;
  const auto is_digit = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const bool between =
        i > 0 && i + 1 < text.size() && is_digit(text[i - 1]) && is_digit(text[i + 1]);
    if (!between) return std::nullopt;
  }
  return out;
}

/// Python's int(text, base).
std::optional<int64_t> parse_integer(std::string_view source, int64_t base) {
  auto cleaned = number_text(source);
  if (!cleaned) return std::nullopt;
  std::string_view text = *cleaned;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  constexpr std::string_view marks = "bBoOxX";
  if (text.size() > 2 && text[0] == '0' && marks.find(text[1]) != marks.npos) {
    const int64_t marked = text[1] == 'b' || text[1] == 'B'   ? 2
                           : text[1] == 'o' || text[1] == 'O' ? 8
                                                              : 16;
    if (base == 0 || base == marked) {
      base = marked;
      text.remove_prefix(2);
    }
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36) throw Failure("int(): the base must be 0 or 2 to 36");
  uint64_t number = 0;
  const auto end =
      std::from_chars(text.data(), text.data() + text.size(), number, static_cast<int>(base));
  if (end.ec == std::errc::result_out_of_range || (end.ec == std::errc() && number > INT64_MAX)) {
    throw Failure("int(): the number does not fit in 64 bits");
  }
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  const auto value = static_cast<int64_t>(number);
  return negative ? -value : value;
}

/// Python's float(text).
std::optional<double> parse_float(std::string_view source) {
  const auto cleaned = number_text(source);
  if (!cleaned || cleaned->empty()) return std::nullopt;
  const std::string lower = text::lower(*cleaned);
  const std::string_view bare =
      std::string_view(lower).substr(lower[0] == '-' || lower[0] == '+' ? 1 : 0);
  const bool is_word = bare == "inf" || bare == "infinity" || bare == "nan";
  if (!is_word && lower.find_first_not_of("+-.0123456789e") != lower.npos) return std::nullopt;
  // from_chars knows no leading plus.
  const std::string_view number = lower[0] == '+' ? bare : std::string_view(lower);
  double value = 0;
  const auto end = std::from_chars(number.data(), number.data() + number.size(), value);
  if (end.ptr != number.data() + number.size() || (lower[0] == '+' && bare.starts_with('-'))) {
    return std::nullopt;
  }
  if (end.ec == std::errc::result_out_of_range) return std::strtod(lower.c_str(), nullptr);
  return end.ec == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<int64_t> truncated(double number) {
  if (!(std::fabs(number) < 0x1p63)) return std::nullopt;
  return static_cast<int64_t>(number);
}

Value to_integer(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  subject.require_defined();
  std::optional<int64_t> result;
  if (subject.is_string()) {
    result = parse_integer(subject.string(), bound.integer_or(1, 10));
    if (!result) {
      const auto number = parse_float(subject.string());
      if (number) result = truncated(*number);
    }
  } else if (subject.is_number()) {
    result = subject.is_float() ? truncated(subject.number()) : subject.integer();
  }
  return result ? Value(*result) : bound.value_or(0, 0);
}

Value to_float(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  subject.require_defined();
  if (subject.is_number()) return subject.number();
  const auto result = subject.is_string() ? parse_float(subject.string()) : std::nullopt;
  return result ? Value(*result) : bound.value_or(0, 0.0);
}

Value absolute(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("abs", arguments, {});
  if (!subject.is_number()) throw Failure("bad operand type for abs(): '{}'", subject.type_name());
  return subject.number() < 0 ? negate(subject) : posit(subject);
}

/// Half to even on the exact value, as Python rounds.
double round_half_even(double number, int64_t precision) {
  if (!std::isfinite(number) || precision > 300) return number;
  if (precision >= 0) {
    char buffer[700];
    std::snprintf(buffer, sizeof buffer, "%.*f", static_cast<int>(precision), number);
    return std::strtod(buffer, nullptr);
  }
  if (precision < -308) return std::copysign(0.0, number);
  const double scale = std::pow(10.0, static_cast<double>(-precision));
  return std::nearbyint(number / scale) * scale;
}

Value round_number(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  const std::string method = bound.has(1) ? bound.string_at(1) : "common";
  const int64_t precision = bound.integer_or(0, 0);
  if (method != "common" && method != "ceil" && method != "floor") {
    throw Failure("round(): method must be common, ceil or floor");
  }
  subject.require_defined();
  if (!subject.is_number())
    throw Failure("round(): a number is required, not {}", subject.type_name());
  if (method == "common") {
    if (subject.is_integral() && precision >= 0) return subject.integer();
    const double rounded = round_half_even(subject.number(), precision);
    return subject.is_integral() ? Value(truncated(rounded).value_or(0)) : Value(rounded);
  }
  const double scale = std::pow(10.0, static_cast<double>(precision));
  const double scaled = subject.number() * scale;
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
}

Value fall_back(Runtime&, const Value& subject, const Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"});
  const bool missing = subject.is_undefined() || (bound.truth_or(1, false) && !subject.truth());
  return missing ? bound.value_or(0, "") : subject;
}

Value attribute(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"});
  return get_plain_attribute(runtime, subject, to_text(bound.at(0)));
}

Value to_json(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ascii = bound.truth_or(0, false);
  style.sort_keys = bound.truth_or(3, false);
  style.multi_line = bound.has(1) && !bound.at(1).is_none();
  if (style.multi_line) {
    style.item_separator = ',';
    if (bound.at(1).is_string()) {
      style.indent = bound.string_at(1);
    } else {
      const auto width = static_cast<size_t>(std::max<int64_t>(bound.integer_or(1, 0), 0));
      runtime.reserve_bytes(width, maximum_nesting);
      style.indent.assign(width, ' ');
    }
  }
  if (bound.has(2) && !bound.at(2).is_none()) {
    const auto pair = iterate(runtime, bound.at(2));
    if (pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
      throw Failure("tojson(): 'separators' must be a pair of strings");
    }
    style.item_separator = pair[0].string();
    style.key_separator = pair[1].string();
  }
  return json_text(subject, style);
}

}  // namespace

const Filters& value_filters() {
  static const Filters filters{
      {"abs", absolute},   {"attr", attribute}, {"d", fall_back},        {"default", fall_back},
      {"float", to_float}, {"int", to_integer}, {"round", round_number}, {"tojson", to_json},
  };
  return filters;
}

}  // namespace quern::models::jinja
