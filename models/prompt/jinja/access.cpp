#include <fmt/format.h>

#include <algorithm>

#include "models/prompt/jinja/methods.h"
#include "models/prompt/jinja/objects.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

/// The item at `index` of something with `size` items, negative ones from the end.
std::optional<size_t> checked_index(int64_t index, size_t size) {
  const auto count = static_cast<int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<size_t>(index);
}

std::optional<Value> item_of_string(const std::string& string, int64_t index) {
  if (index < 0) {
    const auto at = checked_index(index, text::length(string));
    if (!at) return std::nullopt;
    index = static_cast<int64_t>(*at);
  }
  const size_t offset = text::byte_offset(string, static_cast<size_t>(index));
  if (offset >= string.size()) return std::nullopt;
  return Value(string.substr(offset, text::code_point_at(string, offset).size));
}

/// object[key], absent where Python raises TypeError or LookupError.
std::optional<Value> find_item(Runtime& runtime, const Value& object, const Value& key) {
  if (const Dict* dict = object.dict()) {
    const bool hashable = !key.list() && !key.dict();
    const Value* found = hashable ? dict->find(key) : nullptr;
    return found ? std::optional(*found) : std::nullopt;
  }
  if (!key.is_integral()) return std::nullopt;
  if (object.is_string()) {
    runtime.spend(object.string().size() / 32);
    return item_of_string(object.string(), key.integer());
  }
  if (const auto* items = object.sequence()) {
    const auto at = checked_index(key.integer(), items->size());
    return at ? std::optional((*items)[*at]) : std::nullopt;
  }
  if (object.kind() == Kind::range) {
    const auto& range = *static_cast<Range*>(object.object());
    const auto at = checked_index(key.integer(), static_cast<size_t>(range.size()));
    return at ? std::optional(Value(range.at(static_cast<int64_t>(*at)))) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Value> find_attribute(Runtime& runtime, const Value& object, std::string_view name) {
  if (const Method method = find_method(object.kind(), name)) {
    return bind_method(runtime, object, method, name);
  }
  return object.object() ? object.object()->attribute(runtime, name) : std::nullopt;
}

Value missing_attribute(const Value& object, std::string_view name) {
  if (object.is_none()) return Value::undefined(fmt::format("'None' has no attribute '{}'", name));
  return Value::undefined(
      fmt::format("'{} object' has no attribute '{}'", object.type_name(), name));
}

/// Python's slice.indices(): the positions that a slice of `size` items takes.
struct SlicePositions {
  SlicePositions(size_t size, std::optional<int64_t> from, std::optional<int64_t> to,
                 std::optional<int64_t> by)
      : step(std::max(by.value_or(1), -INT64_MAX)) {
    const auto count = static_cast<int64_t>(size);
    const int64_t low = step < 0 ? -1 : 0, high = step < 0 ? count - 1 : count;
    const auto clamp = [&](std::optional<int64_t> bound, int64_t absent) {
      if (!bound) return absent;
      return std::clamp(*bound < 0 ? *bound + count : *bound, low, high);
    };
    start = clamp(from, step < 0 ? high : low);
    stop = clamp(to, step < 0 ? low : high);
  }

  template <class Function>
  void for_each(Function function) const {
    // The distance to the end is compared rather than the next position, which could overflow.
    for (int64_t i = start; step > 0 ? i < stop : i > stop;) {
      function(static_cast<size_t>(i));
      if (step > 0 ? stop - i <= step : i - stop <= -step) return;
      i += step;
    }
  }

  int64_t step, start = 0, stop = 0;
};

Value slice_string(Runtime& runtime, const std::string& string, const SlicePositions& positions) {
  runtime.reserve_bytes(string.size());
  if (positions.step == 1) {
    if (positions.stop <= positions.start) return "";
    return text::substring(string, static_cast<size_t>(positions.start),
                           static_cast<size_t>(positions.stop - positions.start));
  }
  const auto characters = text::characters(string);
  std::string out;
  positions.for_each([&](size_t i) { out += characters[i]; });
  return out;
}

}  // namespace

int64_t length(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::string:
      return static_cast<int64_t>(text::length(value.string()));
    case Kind::list:
    case Kind::tuple:
      return static_cast<int64_t>(value.sequence()->size());
    case Kind::dict:
      return static_cast<int64_t>(value.dict()->size());
    case Kind::dict_view:
      return static_cast<int64_t>(static_cast<DictView*>(value.object())->dict->size());
    case Kind::range:
      return static_cast<Range*>(value.object())->size();
    default:
      throw Failure("object of type '{}' has no len()", value.type_name());
  }
}

std::vector<Value> iterate(Runtime& runtime, const Value& value) {
  std::vector<Value> items;
  switch (value.kind()) {
    case Kind::undefined:
      return items;
    case Kind::string: {
      runtime.reserve_values(value.string().size());
      const auto characters = text::characters(value.string());
      items.assign(characters.begin(), characters.end());
      return items;
    }
    case Kind::list:
    case Kind::tuple:
      runtime.spend(value.sequence()->size());
      return *value.sequence();
    case Kind::dict:
      runtime.spend(value.dict()->size());
      for (const auto& [key, entry] : value.dict()->entries()) items.push_back(key);
      return items;
    case Kind::dict_view: {
      const auto& view = *static_cast<DictView*>(value.object());
      runtime.spend(view.dict->size());
      for (const auto& [key, entry] : view.dict->entries()) {
        if (view.part == DictView::Part::keys) items.push_back(key);
        if (view.part == DictView::Part::values) items.push_back(entry);
        if (view.part == DictView::Part::items) items.push_back(runtime.make_tuple({key, entry}));
      }
      return items;
    }
    case Kind::range: {
      const auto& range = *static_cast<Range*>(value.object());
      runtime.reserve_values(static_cast<size_t>(range.size()));
      for (int64_t i = 0; i < range.size(); ++i) items.emplace_back(range.at(i));
      return items;
    }
    case Kind::iterator:
      return static_cast<Iterator*>(value.object())->take();
    default:
      throw Failure("'{}' object is not iterable", value.type_name());
  }
}

void update_dict(Runtime& runtime, Dict& dict, const Value& source) {
  if (const Dict* other = source.dict()) {
    if (other == &dict) return;
    runtime.reserve_values(2 * other->size());
    for (const auto& [key, value] : other->entries()) dict.set(key, value);
    return;
  }
  for (const Value& item : iterate(runtime, source)) {
    const auto pair = iterate(runtime, item);
    if (pair.size() != 2) throw Failure("a dict is made of pairs, not of {}", repr(item));
    runtime.reserve_values(2);
    dict.set(pair[0], pair[1]);
  }
}

Value get_plain_attribute(Runtime& runtime, const Value& object, std::string_view name) {
  object.require_defined();
  if (auto found = find_attribute(runtime, object, name)) return *found;
  return missing_attribute(object, name);
}

Value get_attribute(Runtime& runtime, const Value& object, std::string_view name) {
  object.require_defined();
  if (auto found = find_attribute(runtime, object, name)) return *found;
  if (const Dict* dict = object.dict()) {
    if (const Value* found = dict->find_name(name)) return *found;
  }
  return missing_attribute(object, name);
}

Value get_item(Runtime& runtime, const Value& object, const Value& key) {
  object.require_defined();
  if (auto found = find_item(runtime, object, key)) return *found;
  if (key.is_string()) {
    if (auto found = find_attribute(runtime, object, key.string())) return *found;
    return missing_attribute(object, key.string());
  }
  return Value::undefined(
      fmt::format("'{} object' has no element {}", object.type_name(), repr(key)));
}

Value get_slice(Runtime& runtime, const Value& object, std::optional<int64_t> start,
                std::optional<int64_t> stop, std::optional<int64_t> step) {
  object.require_defined();
  const bool sliceable = object.is_string() || object.sequence() || object.kind() == Kind::range;
  if (!sliceable) throw Failure("'{}' object cannot be sliced", object.type_name());
  if (step == 0) throw Failure("slice step cannot be zero");
  const SlicePositions positions(static_cast<size_t>(length(object)), start, stop, step);
  if (object.is_string()) return slice_string(runtime, object.string(), positions);
  const auto items = iterate(runtime, object);
  std::vector<Value> taken;
  positions.for_each([&](size_t i) { taken.push_back(items[i]); });
  if (object.kind() == Kind::tuple) return runtime.make_tuple(std::move(taken));
  return runtime.make_list(std::move(taken));
}

}  // namespace quern::models::jinja
