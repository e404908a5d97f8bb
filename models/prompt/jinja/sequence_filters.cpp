#include <algorithm>

#include "models/prompt/jinja/filters.h"
#include "models/prompt/jinja/item_getter.h"
#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/python_text.h"
#include "models/prompt/jinja/runtime.h"
#include "models/prompt/jinja/sorting.h"
#include "models/prompt/jinja/text.h"

namespace quern::models::jinja {
namespace {

Value count(Runtime&, const Value& subject, const Arguments& arguments) {
  Bound("length", arguments, {});
  return length(subject);
}

Value list(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  Bound("list", arguments, {});
  return runtime.make_list(iterate(runtime, subject));
}

Value items(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  Bound("items", arguments, {});
  if (subject.is_undefined()) return runtime.make_iterator({});
  if (!subject.dict()) throw Failure("items: can only get item pairs from a mapping");
  std::vector<Value> pairs;
  for (const auto& [key, value] : subject.dict()->entries()) {
    pairs.push_back(runtime.make_tuple({key, value}));
  }
  return runtime.make_iterator(std::move(pairs));
}

Value first(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  Bound("first", arguments, {});
  const auto values = iterate(runtime, subject);
  return values.empty() ? Value::undefined("No first item, sequence was empty.") : values.front();
}

Value last(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  Bound("last", arguments, {});
  if (subject.kind() == Kind::iterator) throw Failure("'generator' object is not reversible");
  const auto values = iterate(runtime, subject);
  return values.empty() ? Value::undefined("No last item, sequence was empty.") : values.back();
}

Value reverse(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  Bound("reverse", arguments, {});
  auto values = iterate(runtime, subject);
  std::reverse(values.begin(), values.end());
  if (!subject.is_string()) return runtime.make_iterator(std::move(values));
  std::string out;
  for (const Value& c : values) out += c.string();
  return out;
}

Value join(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("join", arguments, {"d", "attribute"});
  const std::string separator = bound.has(0) ? to_text(bound.at(0)) : "";
  const ItemGetter get(bound.value_or(1, Value::none()));
  const auto values = iterate(runtime, subject);
  std::string out;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += separator;
    out += to_text(get(runtime, values[i]));
    Runtime::check_bytes(out.size());
  }
  return out;
}

Value sum(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("sum", arguments, {"attribute", "start"});
  const ItemGetter get(bound.value_or(0, Value::none()));
  Value total = bound.value_or(1, 0);
  if (total.is_string()) throw Failure("sum() can't sum strings");
  for (const Value& item : iterate(runtime, subject)) {
    total = arithmetic(runtime, Arithmetic::add, total, get(runtime, item));
  }
  return total;
}

Value folded(const Value& value, bool case_sensitive) {
  return case_sensitive ? value : fold_case(value);
}

template <bool greatest>
Value extreme(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("min or max", arguments, {"case_sensitive", "attribute"});
  const ItemGetter get(bound.value_or(1, Value::none()));
  const auto key = [&](const Value& item) {
    return folded(get(runtime, item), bound.truth_or(0, false));
  };
  const auto values = iterate(runtime, subject);
  if (values.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  size_t best = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    const bool better = greatest ? less(key(values[best]), key(values[i]))
                                 : less(key(values[i]), key(values[best]));
    if (better) best = i;
  }
  return values[best];
}

Value sort(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = bound.truth_or(1, false);
  std::vector<ItemGetter> getters;
  if (bound.has(2) && bound.at(2).is_string()) {
    for (const std::string_view path : text::split(bound.at(2).string(), ",", -1, false)) {
      getters.emplace_back(Value(path));
    }
  } else {
    getters.emplace_back(bound.value_or(2, Value::none()));
  }
  const auto key = [&](const Value& item) {
    if (getters.size() == 1) return folded(getters[0](runtime, item), case_sensitive);
    std::vector<Value> parts;
    for (const ItemGetter& get : getters)
      parts.push_back(folded(get(runtime, item), case_sensitive));
    return runtime.make_tuple(std::move(parts));
  };
  return runtime.make_list(
      sorted(runtime, iterate(runtime, subject), bound.truth_or(0, false), key));
}

Value dictsort(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const std::string by = bound.has(1) ? bound.string_at(1) : "key";
  if (by != "key" && by != "value") throw Failure("dictsort(): 'by' must be 'key' or 'value'");
  if (!subject.dict()) throw Failure("dictsort(): a dict is required, not {}", subject.type_name());
  std::vector<Value> pairs;
  for (const auto& [key, value] : subject.dict()->entries()) {
    pairs.push_back(runtime.make_tuple({key, value}));
  }
  const auto key = [&](const Value& pair) {
    return folded((*pair.sequence())[by == "key" ? 0 : 1], bound.truth_or(0, false));
  };
  return runtime.make_list(sorted(runtime, pairs, bound.truth_or(2, false), key));
}

Value unique(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"});
  const ItemGetter get(bound.value_or(1, Value::none()));
  Dict seen;
  std::vector<Value> kept;
  for (const Value& item : iterate(runtime, subject)) {
    const Value key = folded(get(runtime, item), bound.truth_or(0, false));
    if (seen.find(key)) continue;
    seen.set(key, true);
    kept.push_back(item);
  }
  return runtime.make_iterator(std::move(kept));
}

Value groupby(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("groupby", arguments, {"attribute", "default", "case_sensitive"});
  const ItemGetter get(bound.at(0), bound.value_or(1, Value::none()));
  const bool case_sensitive = bound.truth_or(2, false);
  const auto key = [&](const Value& item) { return folded(get(runtime, item), case_sensitive); };
  const auto ordered = sorted(runtime, iterate(runtime, subject), false, key);
  std::vector<Value> groups;
  for (size_t start = 0, end; start < ordered.size(); start = end) {
    const Value group_key = key(ordered[start]);
    for (end = start + 1; end < ordered.size() && equal(key(ordered[end]), group_key);) ++end;
    const auto begin = ordered.begin() + static_cast<std::ptrdiff_t>(start);
    const Value members =
        runtime.make_list({begin, begin + static_cast<std::ptrdiff_t>(end - start)});
    // The name keeps its case: that of the group's first member.
    groups.push_back(
        runtime.make<Group>(std::vector<Value>{get(runtime, ordered[start]), members}));
  }
  return runtime.make_list(std::move(groups));
}

Value batch(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"});
  bound.at(0);
  const int64_t size = bound.integer_or(0, 0);
  std::vector<Value> rows, row;
  for (const Value& item : iterate(runtime, subject)) {
    if (static_cast<int64_t>(row.size()) == size)
      rows.push_back(runtime.make_list(std::exchange(row, {})));
    row.push_back(item);
  }
  const bool fills = bound.has(1) && !bound.at(1).is_none();
  const auto missing = size - static_cast<int64_t>(row.size());
  if (!row.empty() && fills && missing > 0) {
    runtime.reserve_values(static_cast<size_t>(missing));
    row.insert(row.end(), static_cast<size_t>(missing), bound.at(1));
  }
  if (!row.empty()) rows.push_back(runtime.make_list(std::move(row)));
  return runtime.make_iterator(std::move(rows));
}

Value slice(Runtime& runtime, const Value& subject, const Arguments& arguments) {
  const Bound bound("slice", arguments, {"slices", "fill_with"});
  bound.at(0);
  const int64_t slices = bound.integer_or(0, 0);
  if (slices <= 0) throw Failure("slice(): the number of slices must be positive");
  const auto values = iterate(runtime, subject);
  runtime.reserve_values(static_cast<size_t>(slices));
  const auto count = static_cast<int64_t>(values.size());
  const int64_t each = count / slices, longer = count % slices;
  const bool fills = bound.has(1) && !bound.at(1).is_none();
  std::vector<Value> columns;
  auto from = values.begin();
  for (int64_t i = 0; i < slices; ++i) {
    const auto to = from + each + (i < longer ? 1 : 0);
    std::vector<Value> column(from, to);
    if (fills && i >= longer) column.push_back(bound.at(1));
    columns.push_back(runtime.make_list(std::move(column)));
    from = to;
  }
  return runtime.make_iterator(std::move(columns));
}

}  // namespace

const Filters& sequence_filters() {
  static const Filters filters{
      {"batch", batch},     {"count", count}, {"dictsort", dictsort}, {"first", first},
      {"groupby", groupby}, {"items", items}, {"join", join},         {"last", last},
      {"length", count},    {"list", list},   {"max", extreme<true>}, {"min", extreme<false>},
      {"reverse", reverse}, {"slice", slice}, {"sort", sort},         {"sum", sum},
      {"unique", unique},
  };
  return filters;
}

}  // namespace quern::models::jinja
