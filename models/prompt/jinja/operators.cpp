#include "models/prompt/jinja/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/prompt/jinja/objects.h"
#include "models/prompt/jinja/percent_format.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

/// A comparison of texts is that much faster than a walk over their characters.
constexpr size_t bytes_compared_at_once = 8;

constexpr const char* symbols[] = {"+", "-", "*", "/", "//", "%", "**"};

[[noreturn]] void refuse(Arithmetic operation, const Value& left, const Value& right) {
  left.require_defined();
  right.require_defined();
  throw Failure("unsupported operand types for {}: '{}' and '{}'",
                symbols[static_cast<int>(operation)], left.type_name(), right.type_name());
}

int64_t checked(bool overflows, int64_t result) {
  if (overflows) throw Failure("an integer does not fit in 64 bits");
  return result;
}

int64_t floor_divide(int64_t a, int64_t b) {
  if (b == -1) return checked(a == std::numeric_limits<int64_t>::min(), a == INT64_MIN ? 0 : -a);
  const int64_t quotient = a / b;
  return (a % b != 0 && (a % b < 0) != (b < 0)) ? quotient - 1 : quotient;
}

int64_t modulo(int64_t a, int64_t b) {
  if (b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

double modulo(double a, double b) {
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) rest += b;
  return rest == 0 ? std::copysign(0.0, b) : rest;
}

int64_t integer_power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  bool overflows = false;
  while (exponent > 0 && !overflows) {
    if (exponent & 1) overflows |= __builtin_mul_overflow(result, base, &result);
    exponent >>= 1;
    // The last squaring is not used, so its overflow does not matter.
    if (exponent > 0) overflows |= __builtin_mul_overflow(base, base, &base);
  }
  return checked(overflows, result);
}

Value power(double base, double exponent) {
  if (base == 0 && exponent < 0) throw Failure("0.0 cannot be raised to a negative power");
  if (base < 0 && exponent != std::floor(exponent)) {
    throw Failure("a negative number to a fractional power is complex");
  }
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
    throw Failure("the result of ** is too large");
  }
  return result;
}

Value integer_arithmetic(Arithmetic operation, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflows = false;
  switch (operation) {
    case Arithmetic::add:
      overflows = __builtin_add_overflow(a, b, &result);
      break;
    case Arithmetic::subtract:
      overflows = __builtin_sub_overflow(a, b, &result);
      break;
    case Arithmetic::multiply:
      overflows = __builtin_mul_overflow(a, b, &result);
      break;
    case Arithmetic::divide:
      return static_cast<double>(a) / static_cast<double>(b);
    case Arithmetic::floor_divide:
      return floor_divide(a, b);
    case Arithmetic::modulo:
      return modulo(a, b);
    case Arithmetic::power:
      if (b < 0) return power(static_cast<double>(a), static_cast<double>(b));
      return integer_power(a, b);
  }
  return checked(overflows, result);
}

Value float_arithmetic(Arithmetic operation, double a, double b) {
  switch (operation) {
    case Arithmetic::add:
      return a + b;
    case Arithmetic::subtract:
      return a - b;
    case Arithmetic::multiply:
      return a * b;
    case Arithmetic::divide:
      return a / b;
    case Arithmetic::floor_divide:
      return std::floor((a - modulo(a, b)) / b + 0.5);
    case Arithmetic::modulo:
      return modulo(a, b);
    case Arithmetic::power:
      return power(a, b);
  }
  return 0;
}

Value number_arithmetic(Arithmetic operation, const Value& left, const Value& right) {
  const bool divides = operation == Arithmetic::divide || operation == Arithmetic::floor_divide ||
                       operation == Arithmetic::modulo;
  if (divides && right.number() == 0) throw Failure("division by zero");
  if (left.is_float() || right.is_float()) {
    return float_arithmetic(operation, left.number(), right.number());
  }
  return integer_arithmetic(operation, left.integer(), right.integer());
}

/// A string, list or tuple `times` over; absent for other values.
std::optional<Value> repeat(Runtime& runtime, const Value& value, int64_t times) {
  const auto count = static_cast<size_t>(std::max<int64_t>(times, 0));
  if (value.is_string()) {
    const std::string& string = value.string();
    runtime.reserve_bytes(string.size(), count);
    std::string out;
    if (string.empty()) return out;
    out.reserve(string.size() * count);
    for (size_t i = 0; i < count; ++i) out += string;
    return out;
  }
  const auto* items = value.sequence();
  if (!items) return std::nullopt;
  size_t total;
  if (__builtin_mul_overflow(items->size(), count, &total)) total = static_cast<size_t>(-1);
  runtime.reserve_values(total);
  std::vector<Value> out;
  for (size_t i = 0; i < count && !items->empty(); ++i) {
    out.insert(out.end(), items->begin(), items->end());
  }
  return value.list() ? Value(runtime.make<List>(std::move(out)))
                      : Value(runtime.make<Tuple>(std::move(out)));
}

std::optional<Value> concatenate(Runtime& runtime, const Value& left, const Value& right) {
  if (left.is_string() && right.is_string()) {
    runtime.reserve_bytes(left.string().size() + right.string().size());
    return left.string() + right.string();
  }
  if (!left.sequence() || left.kind() != right.kind()) return std::nullopt;
  std::vector<Value> items = *left.sequence();
  items.insert(items.end(), right.sequence()->begin(), right.sequence()->end());
  return left.list() ? runtime.make_list(std::move(items)) : runtime.make_tuple(std::move(items));
}

/// Equality with a bound on its work: lists that share parts can be exponentially large when
/// unfolded.
class Equality {
 public:
  bool operator()(const Value& left, const Value& right, int nesting = 0) {
    if (nesting > maximum_nesting || ++compared_ > maximum_compared) {
      throw Failure("values are too large or nested too deeply to be compared");
    }
    charge(8);
    if (left.is_number() && right.is_number()) {
      if (left.is_float() || right.is_float()) return left.number() == right.number();
      return left.integer() == right.integer();
    }
    if (left.kind() != right.kind()) return false;
    switch (left.kind()) {
      case Kind::undefined:
      case Kind::none:
        return true;
      case Kind::string:
        return same_text(left.string(), right.string());
      case Kind::list:
      case Kind::tuple:
        return left.object() == right.object() ||
               same_items(*left.sequence(), *right.sequence(), nesting);
      case Kind::dict:
        return left.object() == right.object() ||
               same_entries(*left.dict(), *right.dict(), nesting);
      case Kind::range:
        return same_range(left, right);
      default:
        return left.object() == right.object();
    }
  }

 private:
  static constexpr size_t maximum_compared = 2'000'000;

  bool same_items(const std::vector<Value>& left, const std::vector<Value>& right, int nesting) {
    if (left.size() != right.size()) return false;
    for (size_t i = 0; i < left.size(); ++i) {
      if (!(*this)(left[i], right[i], nesting + 1)) return false;
    }
    return true;
  }

  bool same_entries(const Dict& left, const Dict& right, int nesting) {
    if (left.size() != right.size()) return false;
    for (const auto& [key, value] : left.entries()) {
      const Value* other = right.find(key);
      if (!other || !(*this)(value, *other, nesting + 1)) return false;
    }
    return true;
  }

  static bool same_range(const Value& left, const Value& right) {
    const auto& a = *static_cast<Range*>(left.object());
    const auto& b = *static_cast<Range*>(right.object());
    if (a.size() != b.size()) return false;
    return a.size() == 0 || (a.start == b.start && (a.size() == 1 || a.step == b.step));
  }

  size_t compared_ = 0;
};

bool less_items(const std::vector<Value>& left, const std::vector<Value>& right, int nesting);

bool less_nested(const Value& left, const Value& right, int nesting) {
  if (nesting > maximum_nesting) throw Failure("values are nested too deeply to be compared");
  if (left.is_number() && right.is_number()) {
    if (left.is_float() || right.is_float()) return left.number() < right.number();
    return left.integer() < right.integer();
  }
  charge(8);
  if (left.is_string() && right.is_string()) {
    charge(std::min(left.string().size(), right.string().size()) / bytes_compared_at_once);
    return left.string() < right.string();
  }
  if (left.sequence() && left.kind() == right.kind()) {
    return less_items(*left.sequence(), *right.sequence(), nesting + 1);
  }
  left.require_defined();
  right.require_defined();
  throw Failure("'{}' and '{}' have no order", left.type_name(), right.type_name());
}

bool less_items(const std::vector<Value>& left, const std::vector<Value>& right, int nesting) {
  for (size_t i = 0; i < left.size() && i < right.size(); ++i) {
    if (!equal(left[i], right[i])) return less_nested(left[i], right[i], nesting);
  }
  return left.size() < right.size();
}

}  // namespace

Value arithmetic(Runtime& runtime, Arithmetic operation, const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return number_arithmetic(operation, left, right);
  std::optional<Value> result;
  if (operation == Arithmetic::add) result = concatenate(runtime, left, right);
  if (operation == Arithmetic::multiply) {
    if (right.is_integral()) result = repeat(runtime, left, right.integer());
    if (left.is_integral()) result = repeat(runtime, right, left.integer());
  }
  if (operation == Arithmetic::modulo && left.is_string()) {
    return percent_format(runtime, left.string(), right);
  }
  if (!result) refuse(operation, left, right);
  return *result;
}

Value negate(const Value& value) {
  value.require_defined();
  if (value.is_float()) return -value.number();
  if (value.is_integral()) return integer_arithmetic(Arithmetic::subtract, 0, value.integer());
  throw Failure("bad operand type for unary -: '{}'", value.type_name());
}

Value posit(const Value& value) {
  value.require_defined();
  if (value.is_float()) return value;
  if (value.is_integral()) return value.integer();
  throw Failure("bad operand type for unary +: '{}'", value.type_name());
}

bool same_text(const std::string& left, const std::string& right) {
  if (left.size() != right.size()) return false;
  charge(left.size() / bytes_compared_at_once);
  return left == right;
}

bool equal(const Value& left, const Value& right) { return Equality()(left, right); }

bool less(const Value& left, const Value& right) { return less_nested(left, right, 0); }

bool identical(const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return false;
  return left.object() ? left.object() == right.object() : equal(left, right);
}

bool contains(Runtime& runtime, const Value& container, const Value& item) {
  if (container.is_string()) {
    item.require_defined();
    if (!item.is_string()) {
      throw Failure("'in <string>' requires string as left operand, not {}", item.type_name());
    }
    return text::find(container.string(), item.string()) != std::string_view::npos;
  }
  if (const Dict* dict = container.dict()) return dict->find(item) != nullptr;
  if (container.is_none() || container.is_number()) {
    throw Failure("argument of type '{}' is not iterable", container.type_name());
  }
  for (const Value& candidate : iterate(runtime, container)) {
    if (equal(candidate, item)) return true;
  }
  return false;
}

}  // namespace quern::models::jinja
