#include "models/prompt/jinja/tests.h"

#include <map>

#include "models/prompt/jinja/filters.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

template <class... Kinds>
constexpr bool is_any(Kind kind, Kinds... kinds) {
  return ((kind == kinds) || ...);
}

template <Kind... kinds>
bool is_kind(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("test", arguments, {});
  return is_any(subject.kind(), kinds...);
}

template <bool wanted>
bool is_boolean(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("test", arguments, {});
  return subject.is_boolean() && subject.boolean() == wanted;
}

bool is_defined(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("defined", arguments, {});
  return !subject.is_undefined();
}

bool is_iterable(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("iterable", arguments, {});
  return is_any(subject.kind(), Kind::undefined, Kind::string, Kind::list, Kind::tuple, Kind::dict,
                Kind::dict_view, Kind::range, Kind::iterator);
}

bool divides(Runtime& runtime, const Value& subject, const Value& divisor) {
  return equal(arithmetic(runtime, Arithmetic::modulo, subject, divisor), 0);
}

bool is_divisible(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  return divides(runtime, subject, Bound("divisibleby", arguments, {"num"}).at(0));
}

template <int rest>
bool has_parity(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  Bound("test", arguments, {});
  return equal(arithmetic(runtime, Arithmetic::modulo, subject, 2), rest);
}

template <bool (*compare)(const Value&, const Value&)>
bool compares(Runtime&, const Value& subject, const Arguments& arguments) {
  return compare(subject, Bound("test", arguments, {"other"}).at(0));
}

bool not_equal(const Value& a, const Value& b) { return !equal(a, b); }
bool greater(const Value& a, const Value& b) { return less(b, a); }
bool less_or_equal(const Value& a, const Value& b) { return less(a, b) || equal(a, b); }
bool greater_or_equal(const Value& a, const Value& b) { return less(b, a) || equal(a, b); }

bool is_in(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  return contains(runtime, Bound("in", arguments, {"seq"}).at(0), subject);
}

template <bool (*wanted)(uint32_t), bool (*unwanted)(uint32_t)>
bool has_case(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("test", arguments, {});
  bool found = false;
  const std::string string = to_text(subject);
  for (size_t i = 0; i < string.size();) {
    const text::CodePoint c = text::code_point_at(string, i);
    if (unwanted(c.value)) return false;
    found = found || wanted(c.value);
    i += c.size;
  }
  return found;
}

bool names_filter(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("filter", arguments, {});
  return subject.is_string() && find_filter(subject.string());
}

bool names_test(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("test", arguments, {});
  return subject.is_string() && find_test(subject.string());
}

}  // namespace

Test find_test(std::string_view name) {
  static const std::map<std::string_view, Test> tests{
      {"!=", compares<not_equal>},
      {"<", compares<less>},
      {"<=", compares<less_or_equal>},
      {"==", compares<equal>},
      {">", compares<greater>},
      {">=", compares<greater_or_equal>},
      {"boolean", is_kind<Kind::boolean>},
      {"callable", is_kind<Kind::undefined, Kind::callable>},
      {"defined", is_defined},
      {"divisibleby", is_divisible},
      {"eq", compares<equal>},
      {"equalto", compares<equal>},
      {"even", has_parity<0>},
      {"false", is_boolean<false>},
      {"filter", names_filter},
      {"float", is_kind<Kind::floating>},
      {"ge", compares<greater_or_equal>},
      {"greaterthan", compares<greater>},
      {"gt", compares<greater>},
      {"in", is_in},
      {"integer", is_kind<Kind::integer>},
      {"iterable", is_iterable},
      {"le", compares<less_or_equal>},
      {"lessthan", compares<less>},
      {"lower", has_case<text::is_lower, text::is_upper>},
      {"lt", compares<less>},
      {"mapping", is_kind<Kind::dict>},
      {"ne", compares<not_equal>},
      {"none", is_kind<Kind::none>},
      {"number", is_kind<Kind::boolean, Kind::integer, Kind::floating>},
      {"odd", has_parity<1>},
      {"sameas", compares<identical>},
      {"sequence",
       is_kind<Kind::undefined, Kind::string, Kind::list, Kind::tuple, Kind::dict, Kind::range>},
      {"string", is_kind<Kind::string>},
      {"test", names_test},
      {"true", is_boolean<true>},
      {"undefined", is_kind<Kind::undefined>},
      {"upper", has_case<text::is_upper, text::is_lower>},
  };
  const auto found = tests.find(name);
  return found == tests.end() ? nullptr : found->second;
}

}  // namespace quern::models::jinja
