#include "models/prompt/jinja/percent_format.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "models/prompt/jinja/number_format.h"
#include "models/prompt/jinja/objects.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

class PercentFormat {
 public:
  PercentFormat(Runtime& runtime, std::string_view pattern, const Value& values)
      : runtime_(runtime), pattern_(pattern), values_(values) {}

  std::string run() {
    while (at_ < pattern_.size()) {
      const size_t percent = std::min(pattern_.find('%', at_), pattern_.size());
      out_ += pattern_.substr(at_, percent - at_);
      at_ = percent + 1;
      if (percent < pattern_.size()) conversion();
      Runtime::check_bytes(out_.size());
    }
    const Tuple* tuple = values_.tuple();
    const bool single = !tuple && !values_.dict() && !values_.list();
    if ((tuple && next_ < tuple->items.size()) || (single && next_ == 0)) {
      throw Failure("not all arguments converted during string formatting");
    }
    return std::move(out_);
  }

 private:
  char peek() const {
    if (at_ >= pattern_.size()) throw Failure("incomplete format");
    return pattern_[at_];
  }
  char next() {
    const char c = peek();
    ++at_;
    return c;
  }

  Value argument() {
    if (const Tuple* tuple = values_.tuple()) {
      if (next_ >= tuple->items.size()) throw Failure("not enough arguments for format string");
      return tuple->items[next_++];
    }
    if (next_++ > 0) throw Failure("not enough arguments for format string");
    return values_;
  }

  int64_t number() {
    if (peek() == '*') {
      ++at_;
      const Value given = argument();
      if (!given.is_integral()) throw Failure("* wants int");
      return std::clamp<int64_t>(given.integer(), -INT32_MAX, INT32_MAX);
    }
    int64_t number = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at_) {
      number = std::min<int64_t>(number * 10 + (peek() - '0'), INT32_MAX);
    }
    return number;
  }

  Value mapped() {
    const size_t end = pattern_.find(')', at_);
    if (end == pattern_.npos) throw Failure("incomplete format key");
    const Value key(pattern_.substr(at_, end - at_));
    at_ = end + 1;
    const Dict* dict = values_.dict();
    if (!dict) throw Failure("format requires a mapping");
    const Value* found = dict->find(key);
    if (!found) throw Failure("the format names the key {}, which is missing", repr(key));
    next_ = 1;
    return *found;
  }

  void conversion() {
    std::optional<Value> value;
    if (peek() == '(') {
      ++at_;
      value = mapped();
    }
    FormatSpecification how;
    how.align = '>';
    bool zero = false, left = false;
    for (;; ++at_) {
      const char flag = peek();
      if (flag == '0') {
        zero = true;
      } else if (flag == '-') {
        left = true;
      } else if (flag == '+' || (flag == ' ' && how.sign != '+')) {
        how.sign = flag;
      } else if (flag == '#') {
        how.alternate = true;
      } else if (flag != ' ') {
        break;
      }
    }
    how.width = number();
    if (how.width < 0) {
      left = true;
      how.width = -how.width;
    }
    if (peek() == '.') {
      ++at_;
      how.precision = std::max<int64_t>(number(), 0);
    }
    while (peek() == 'l' || peek() == 'h' || peek() == 'L') ++at_;
    const char type = next();
    if (type == '%') {
      out_ += '%';
      return;
    }
    if (left) how.align = '<';
    append(type, value ? *value : argument(), how, zero && !left);
  }

  void append(char type, const Value& value, FormatSpecification how, bool zero) {
    const bool is_text = type == 's' || type == 'r' || type == 'a' || type == 'c';
    if (is_text) {
      how.sign = '-';
      how.type = 's';
      out_ += format_value(runtime_, Value(text_argument(type, value)), how);
      return;
    }
    value.require_defined();
    if (!value.is_number()) {
      throw Failure("%{} format: a number is required, not {}", type, value.type_name());
    }
    if (zero) {
      how.fill = '0';
      how.align = '=';
    }
    constexpr std::string_view integers = "diuxXo", floats = "eEfFgG";
    if (integers.find(type) != integers.npos) {
      how.type = type == 'i' || type == 'u' ? 'd' : type;
      append_integer(value, how);
    } else if (floats.find(type) != floats.npos) {
      how.type = type;
      out_ += format_value(runtime_, Value(value.number()), how);
    } else {
      throw Failure("unsupported format character '{}'", type);
    }
  }

  std::string text_argument(char type, const Value& value) {
    if (type == 's') return to_text(value);
    if (type == 'r' || type == 'a') return repr(value);
    if (value.is_string() && text::length(value.string()) == 1) return value.string();
    if (!value.is_integral() || value.integer() < 0 || value.integer() > 0x10FFFF) {
      throw Failure("%c requires int or char");
    }
    std::string out;
    text::append_code_point(out, static_cast<uint32_t>(value.integer()));
    return out;
  }

  void append_integer(const Value& value, FormatSpecification how) {
    if (value.is_float() && (how.type != 'd' || !(std::fabs(value.number()) < 0x1p63))) {
      throw Failure("an integer is required, not float");
    }
    const Value whole = value.is_float() ? static_cast<int64_t>(value.number()) : value.integer();
    // Here a precision is the least number of digits.
    if (how.precision >= 0) {
      FormatSpecification digits;
      digits.fill = '0';
      digits.align = '=';
      digits.sign = how.sign;
      digits.type = how.type;
      digits.alternate = how.alternate;
      digits.width = how.precision + (whole.integer() < 0 || how.sign != '-' ? 1 : 0);
      how.precision = -1;
      how.type = 's';
      how.align = how.align == '=' ? '>' : how.align;
      out_ += format_value(runtime_, Value(format_value(runtime_, whole, digits)), how);
      return;
    }
    out_ += format_value(runtime_, whole, how);
  }

  Runtime& runtime_;
  std::string_view pattern_;
  const Value& values_;
  std::string out_;
  size_t at_ = 0;
  size_t next_ = 0;
};

}  // namespace

std::string percent_format(Runtime& runtime, std::string_view pattern, const Value& values) {
  return PercentFormat(runtime, pattern, values).run();
}

}  // namespace quern::models::jinja
