#include <algorithm>
#include <map>

#include "models/prompt/jinja/methods.h"
#include "models/prompt/jinja/objects.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/sorting.h"

namespace quern::models::jinja {
namespace {

using Methods = std::map<std::string_view, Method>;

template <DictView::Part part>
Value view(Runtime& runtime, const Value& self, const Arguments& arguments) {
  Bound("dict view", arguments, {});
  return runtime.make<DictView>(self.dict(), part);
}

Value dict_get(Runtime&, const Value& self, const Arguments& arguments) {
  const Bound bound("get", arguments, {"key", "default"});
  const Value* found = self.dict()->find(bound.at(0));
  return found ? *found : bound.value_or(1, Value::none());
}

Value dict_pop(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("pop", arguments, {"key", "default"});
  runtime.spend(self.dict()->size());
  const Value* found = self.dict()->find(bound.at(0));
  if (!found && !bound.has(1)) throw Failure("pop(): no key {}", repr(bound.at(0)));
  if (!found) return bound.at(1);
  Value taken = *found;
  self.dict()->erase(bound.at(0));
  return taken;
}

Value dict_popitem(Runtime& runtime, const Value& self, const Arguments& arguments) {
  Bound("popitem", arguments, {});
  if (self.dict()->size() == 0) throw Failure("popitem(): dictionary is empty");
  runtime.spend(self.dict()->size());
  const Dict::Entry last = self.dict()->entries().back();
  self.dict()->erase(last.first);
  return runtime.make_tuple({last.first, last.second});
}

Value dict_setdefault(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("setdefault", arguments, {"key", "default"});
  if (const Value* found = self.dict()->find(bound.at(0))) return *found;
  runtime.reserve_values(2);
  const Value value = bound.value_or(1, Value::none());
  self.dict()->set(bound.at(0), value);
  return value;
}

Value dict_update(Runtime& runtime, const Value& self, const Arguments& arguments) {
  for (const Value& source : arguments.positional) update_dict(runtime, *self.dict(), source);
  for (const auto& [key, value] : arguments.named) {
    runtime.reserve_values(2);
    self.dict()->set(key, value);
  }
  return Value::none();
}

Value dict_clear(Runtime&, const Value& self, const Arguments& arguments) {
  Bound("clear", arguments, {});
  self.dict()->clear();
  return Value::none();
}

Value dict_copy(Runtime& runtime, const Value& self, const Arguments& arguments) {
  Bound("copy", arguments, {});
  Dict* copy = runtime.make<Dict>();
  update_dict(runtime, *copy, self);
  return copy;
}

/// Where `item` lies in a list or tuple; its size when it does not.
size_t position_of(Runtime& runtime, const std::vector<Value>& items, const Value& item) {
  runtime.spend(items.size());
  const auto same = [&](const Value& candidate) { return equal(candidate, item); };
  return static_cast<size_t>(std::find_if(items.begin(), items.end(), same) - items.begin());
}

Value sequence_index(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("index", arguments, {"value"});
  const size_t at = position_of(runtime, *self.sequence(), bound.at(0));
  if (at == self.sequence()->size())
    throw Failure("{} is not in the {}", repr(bound.at(0)), self.type_name());
  return static_cast<int64_t>(at);
}

Value sequence_count(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("count", arguments, {"value"});
  const auto& items = *self.sequence();
  runtime.spend(items.size());
  return static_cast<int64_t>(std::count_if(
      items.begin(), items.end(), [&](const Value& item) { return equal(item, bound.at(0)); }));
}

Value list_append(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("append", arguments, {"object"});
  runtime.reserve_values(1);
  self.list()->items.push_back(bound.at(0));
  return Value::none();
}

Value list_extend(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("extend", arguments, {"iterable"});
  const auto added = iterate(runtime, bound.at(0));
  runtime.reserve_values(added.size());
  auto& items = self.list()->items;
  items.insert(items.end(), added.begin(), added.end());
  return Value::none();
}

Value list_insert(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("insert", arguments, {"index", "object"});
  auto& items = self.list()->items;
  runtime.reserve_values(1);
  runtime.spend(items.size() / 16);
  const auto size = static_cast<int64_t>(items.size());
  bound.at(0);
  int64_t at = bound.integer_or(0, 0);
  at = std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
  items.insert(items.begin() + at, bound.at(1));
  return Value::none();
}

Value list_pop(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("pop", arguments, {"index"});
  auto& items = self.list()->items;
  const auto size = static_cast<int64_t>(items.size());
  int64_t at = bound.integer_or(0, -1);
  if (at < 0) at += size;
  if (at < 0 || at >= size) throw Failure(size ? "pop index out of range" : "pop from empty list");
  runtime.spend(static_cast<size_t>(size - at) / 16);
  Value taken = items[static_cast<size_t>(at)];
  items.erase(items.begin() + at);
  return taken;
}

Value list_remove(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("remove", arguments, {"value"});
  auto& items = self.list()->items;
  const size_t at = position_of(runtime, items, bound.at(0));
  if (at == items.size()) throw Failure("remove(): the value is not in the list");
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
  return Value::none();
}

Value list_reverse(Runtime& runtime, const Value& self, const Arguments& arguments) {
  Bound("reverse", arguments, {});
  runtime.spend(self.list()->items.size());
  std::reverse(self.list()->items.begin(), self.list()->items.end());
  return Value::none();
}

Value list_sort(Runtime& runtime, const Value& self, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse"});
  auto& items = self.list()->items;
  items = sorted(runtime, items, bound.truth_or(0, false), [](const Value& item) { return item; });
  return Value::none();
}

Value list_clear(Runtime&, const Value& self, const Arguments& arguments) {
  Bound("clear", arguments, {});
  self.list()->items.clear();
  return Value::none();
}

Value list_copy(Runtime& runtime, const Value& self, const Arguments& arguments) {
  Bound("copy", arguments, {});
  return runtime.make_list(self.list()->items);
}

const Methods& methods_of(Kind kind) {
  static const Methods dict{
      {"clear", dict_clear},
      {"copy", dict_copy},
      {"get", dict_get},
      {"items", view<DictView::Part::items>},
      {"keys", view<DictView::Part::keys>},
      {"pop", dict_pop},
      {"popitem", dict_popitem},
      {"setdefault", dict_setdefault},
      {"update", dict_update},
      {"values", view<DictView::Part::values>},
  };
  static const Methods list{
      {"append", list_append},   {"clear", list_clear},   {"copy", list_copy},
      {"count", sequence_count}, {"extend", list_extend}, {"index", sequence_index},
      {"insert", list_insert},   {"pop", list_pop},       {"remove", list_remove},
      {"reverse", list_reverse}, {"sort", list_sort},
  };
  static const Methods tuple{{"count", sequence_count}, {"index", sequence_index}};
  static const Methods none;
  if (kind == Kind::dict) return dict;
  if (kind == Kind::list) return list;
  return kind == Kind::tuple ? tuple : none;
}

}  // namespace

Method find_collection_method(Kind kind, std::string_view name) {
  const Methods& methods = methods_of(kind);
  const auto found = methods.find(name);
  return found == methods.end() ? nullptr : found->second;
}

}  // namespace quern::models::jinja
