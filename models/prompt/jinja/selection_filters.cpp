#include "models/prompt/jinja/filters.h"
#include "models/prompt/jinja/item_getter.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/tests.h"

namespace quern::models::jinja {
namespace {

/// What map and select walk: nothing at all for a false value, even one that is no sequence.
std::vector<Value> candidates(Runtime& runtime, const Value& subject) {
  return subject.truth() ? iterate(runtime, subject) : std::vector<Value>();
}

/// The first argument, by which a filter or test is named; it leaves the list.
std::string take_name(Arguments& arguments, const char* what) {
  if (arguments.positional.empty() || !arguments.positional[0].is_string()) {
    throw Failure("the name of a {} is expected", what);
  }
  std::string name = arguments.positional[0].string();
  arguments.positional.erase(arguments.positional.begin());
  return name;
}

Value map_attribute(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("map", arguments, {"attribute", "default"});
  const ItemGetter get(bound.at(0), bound.value_or(1, Value::none()));
  std::vector<Value> results;
  for (const Value& item : candidates(runtime, subject)) results.push_back(get(runtime, item));
  return runtime.make_iterator(std::move(results));
}

Value map(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  if (arguments.positional.empty()) return map_attribute(runtime, subject, arguments);
  Arguments rest = arguments;
  const std::string name = take_name(rest, "filter");
  const Filter filter = find_filter(name);
  if (!filter) throw Failure("there is no filter named '{}'", name);
  std::vector<Value> results;
  for (const Value& item : candidates(runtime, subject)) {
    runtime.spend(1);
    results.push_back(filter(runtime, item, rest));
  }
  return runtime.make_iterator(std::move(results));
}

/// select, reject, selectattr, rejectattr: the items whose value passes, or does not pass, a test.
template <bool by_attribute, bool wanted>
Value choose(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  Arguments rest = arguments;
  Value attribute = Value::none();
  if (by_attribute) {
    if (rest.positional.empty()) throw Failure("selectattr and rejectattr need an attribute");
    attribute = rest.positional[0];
    rest.positional.erase(rest.positional.begin());
  }
  const ItemGetter get(attribute);
  Test test = nullptr;
  if (!rest.positional.empty()) {
    const std::string name = take_name(rest, "test");
    test = find_test(name);
    if (!test) throw Failure("there is no test named '{}'", name);
  }
  std::vector<Value> chosen;
  for (const Value& item : candidates(runtime, subject)) {
    runtime.spend(1);
    const Value value = get(runtime, item);
    if ((test ? test(runtime, value, rest) : value.truth()) == wanted) chosen.push_back(item);
  }
  return runtime.make_iterator(std::move(chosen));
}

}  // namespace

const Filters& selection_filters() {
  static const Filters filters{
      {"map", map},
      {"reject", choose<false, false>},
      {"rejectattr", choose<true, false>},
      {"select", choose<false, true>},
      {"selectattr", choose<true, true>},
  };
  return filters;
}

}  // namespace quern::models::jinja
