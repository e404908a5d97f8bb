#include "models/cache/key_value_cache.h"

#include <algorithm>

#include "engine/ops/shape.h"

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
  const int begin = window_ ? std::max(0, end - (*window_ - 1) - count) : 0;
  return {rows(*keys_, begin, end), rows(*values_, begin, end)};
}

bool KeyValueCache::trim(int n) {
  if (n < 0 || n > offset_) return false;
  const int left = offset_ - n;
  const int needed = window_ ? std::max(0, left - (*window_ - 1)) : 0;
  if (needed < first_) return false;
  offset_ = left;
  return true;
}

std::vector<array> KeyValueCache::state() const {
  if (!keys_) return {};
  return {*keys_, *values_};
}

}  // namespace quern::models
