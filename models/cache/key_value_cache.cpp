#include "models/cache/key_value_cache.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

namespace {

/// Tokens that a buffer for `used` of them has room for besides. It grows in proportion, so that a
/// long prompt that comes in pieces is copied a few times in all, not once a piece.
int room_beside(int used) { return std::max(256, used / 8); }

array rows(const array& a, int begin, int end) {
  return slice(a, {0, 0, begin, 0}, {a.shape(0), a.shape(1), end, a.shape(3)});
}

array written(const array& held, const array& added, int begin) {
  const int end = begin + added.shape(2);
  return slice_update(held, added, {0, 0, begin, 0},
                      {held.shape(0), held.shape(1), end, held.shape(3)});
}

}  // namespace

/// The last `keep` of the held tokens, the added ones, and some room.
array KeyValueCache::grown(const std::optional<array>& held, const array& added, int keep) const {
  std::vector<array> parts;
  if (keep > 0) parts.push_back(rows(*held, offset_ - first_ - keep, offset_ - first_));
  parts.push_back(added);
  parts.push_back(broadcast_to(
      array(0.0f, added.dtype()),
      {added.shape(0), added.shape(1), room_beside(keep + added.shape(2)), added.shape(3)}));
  return concatenate(std::move(parts), 2);
}

std::pair<array, array> KeyValueCache::update(const array& keys, const array& values) {
  const int count = keys.shape(2);
  const int held = offset_ - first_;
  if (keys_ && held + count <= keys_->shape(2)) {
    keys_ = written(*keys_, keys, held);
    values_ = written(*values_, values, held);
  } else {
    const int keep = window_ ? std::min(held, *window_ - 1) : held;
    keys_ = grown(keys_, keys, keep);
    values_ = grown(values_, values, keep);
    first_ = offset_ - keep;
  }
  offset_ += count;
  const int end = offset_ - first_;
  begin_ = window_ ? std::max(0, end - (*window_ - 1) - count) : 0;
  return seen();
}

std::pair<array, array> KeyValueCache::seen() const {
  const int end = offset_ - first_;
  return {rows(*keys_, begin_, end), rows(*values_, begin_, end)};
}

bool KeyValueCache::trim(int n) {
  if (n < 0 || n > offset_) return false;
  const int left = offset_ - n;
  const int needed = window_ ? std::max(0, left - (*window_ - 1)) : 0;
  if (needed < first_) return false;
  offset_ = left;
  return true;
}

LayerState KeyValueCache::state() const {
  if (!keys_) return {};
  return {{*keys_, *values_}, {first_, offset_, begin_}};
}

void KeyValueCache::restore(LayerState state) {
  keys_.reset();
  values_.reset();
  first_ = offset_ = begin_ = 0;
  if (state.arrays.empty() && state.numbers.empty()) return;
  const auto fits = [&] {
    if (state.arrays.size() != 2 || state.numbers.size() != 3) return false;
    const array &keys = state.arrays[0], &values = state.arrays[1];
    const auto [first, offset, begin] =
        std::tie(state.numbers[0], state.numbers[1], state.numbers[2]);
    return keys.ndim() == 4 && values.ndim() == 4 && keys.shape(2) == values.shape(2) &&
           first >= 0 && begin >= 0 && first <= offset && offset - first <= keys.shape(2) &&
           begin <= offset - first && offset <= std::numeric_limits<int>::max();
  };
  if (!fits()) {
    throw ModelError("[cache] a saved state is not that of a key-value cache",
                     "The file is damaged or of another model: read the conversation anew.");
  }
  keys_ = std::move(state.arrays[0]);
  values_ = std::move(state.arrays[1]);
  first_ = int(state.numbers[0]);
  offset_ = int(state.numbers[1]);
  begin_ = int(state.numbers[2]);
}

std::unique_ptr<LayerCache> KeyValueCache::clone() const {
  return std::make_unique<KeyValueCache>(*this);
}

}  // namespace quern::models
