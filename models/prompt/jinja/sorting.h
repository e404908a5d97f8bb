#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/runtime.h"

namespace quern::models::jinja {

/// The items in the order of their keys; equal ones keep their order, also in reverse, as Python's
/// sorted. Throws Failure where two keys have no order.
template <class Key>
std::vector<Value> sorted(Runtime& runtime, const std::vector<Value>& items, bool reverse,
                          Key key) {
  runtime.spend(items.size() * 16);
  std::vector<Value> keys;
  keys.reserve(items.size());
  for (const Value& item : items) keys.push_back(key(item));
  std::vector<size_t> order(items.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return reverse ? less(keys[b], keys[a]) : less(keys[a], keys[b]);
  });
  std::vector<Value> result;
  result.reserve(items.size());
  for (const size_t i : order) result.push_back(items[i]);
  return result;
}

}  // namespace quern::models::jinja
