#include "models/cache/key_value_cache.h"

#include <algorithm>
#include <limits>

#include "models/error.h"

namespace quern::models {

namespace {

/// Tokens that a buffer for `used` of them has room for besides. It grows in proportion, so that a
/// long prompt that comes in pieces is copied a few times in all, not once a piece.
int room_beside(int used) { return std::max(256, used / 8); }

std::pair<array, array> expanded(const SeenTokens& seen) {
  return {seen.keys.rows(seen.begin, seen.end).expanded(),
          seen.values.rows(seen.begin, seen.end).expanded()};
}

}  // namespace

/// Position of the first token that the one at `position` can see.
int KeyValueCache::first_seen_from(int position) const {
  int first = 0;
  if (window_) first = std::max(first, position - (*window_ - 1));
  if (chunk_) first = std::max(first, position / *chunk_ * *chunk_);
  return first;
}

TokenRows KeyValueCache::as_held(const array& rows) const {
  if (!quantized_) return TokenRows(rows);
  const int group_size = quantization_->group_size.value_or(rows.shape(3) % 64 == 0 ? 64 : 32);
  return TokenRows::quantized(rows, quantization_->bits, group_size);
}

void KeyValueCache::quantize_held() {
  quantized_ = true;
  if (!keys_) return;
  keys_ = as_held(keys_->parts[0]);
  values_ = as_held(values_->parts[0]);
}

/// The last `keep` of the held tokens, the added ones, and some room.
TokenRows KeyValueCache::grown(const std::optional<TokenRows>& held, const TokenRows& added,
                               int keep) const {
  const int room = room_beside(keep + added.count());
  if (keep == 0) return added.with_room(room);
  return held->rows(offset_ - first_ - keep, offset_ - first_).followed_by(added, room);
}

SeenTokens KeyValueCache::append(const array& keys, const array& values) {
  const int count = keys.shape(2);
  if (quantization_ && !quantized_ && offset_ + count > quantization_->start) quantize_held();
  const TokenRows added_keys = as_held(keys), added_values = as_held(values);
  const int held = offset_ - first_;
  const int needed = first_seen_from(offset_);
  if (keys_ && held + count <= keys_->count()) {
    keys_ = keys_->with(added_keys, held);
    values_ = values_->with(added_values, held);
  } else {
    const int keep = std::min(held, offset_ - needed);
    keys_ = grown(keys_, added_keys, keep);
    values_ = grown(values_, added_values, keep);
    first_ = offset_ - keep;
  }
  offset_ += count;
  begin_ = std::max(0, needed - first_);
  return {*keys_, *values_, begin_, offset_ - first_};
}

std::pair<array, array> KeyValueCache::update(const array& keys, const array& values) {
  return expanded(append(keys, values));
}

std::pair<array, array> KeyValueCache::seen() const {
  return expanded({*keys_, *values_, begin_, offset_ - first_});
}

bool KeyValueCache::trim(int n) {
  if (n < 0 || n > offset_) return false;
  const int left = offset_ - n;
  if (first_seen_from(left) < first_) return false;
  offset_ = left;
  begin_ = std::min(begin_, offset_ - first_);
  return true;
}

LayerCache::Trimming KeyValueCache::trimming() const {
  return window_ || chunk_ ? Trimming::last_update : Trimming::anywhere;
}

LayerState KeyValueCache::state() const {
  if (!keys_) return {};
  LayerState state{keys_->parts, {first_, offset_, begin_, keys_->bits}};
  state.arrays.insert(state.arrays.end(), values_->parts.begin(), values_->parts.end());
  state.numbers.push_back(keys_->group_size);
  state.numbers.push_back(values_->group_size);
  return state;
}

void KeyValueCache::restore(LayerState state) {
  keys_.reset();
  values_.reset();
  first_ = offset_ = begin_ = 0;
  quantized_ = false;
  if (state.arrays.empty() && state.numbers.empty()) return;
  std::vector<array>& arrays = state.arrays;
  const std::vector<int64_t>& numbers = state.numbers;
  const auto half = arrays.begin() + int64_t(arrays.size() / 2);
  std::optional<TokenRows> keys, values;
  const auto fits = [&] {
    if (numbers.size() != 6 || arrays.size() != (numbers[3] == 0 ? 2 : 6)) return false;
    for (const int64_t number : numbers) {
      if (number < 0 || number > std::numeric_limits<int>::max()) return false;
    }
    const int64_t first = numbers[0], offset = numbers[1], begin = numbers[2];
    const int bits = int(numbers[3]);
    keys = TokenRows({arrays.begin(), half}, bits, int(numbers[4]));
    values = TokenRows({half, arrays.end()}, bits, int(numbers[5]));
    return keys->is_well_formed() && values->is_well_formed() && keys->count() == values->count() &&
           first <= offset && offset - first <= keys->count() && begin <= offset - first;
  };
  if (!fits()) {
    throw ModelError("[cache] a saved state is not that of a key-value cache",
                     "The file is damaged or of another model: read the conversation anew.");
  }
  keys_ = std::move(keys);
  values_ = std::move(values);
  if (keys_->is_quantized()) {
    quantized_ = true;
    quantization_ = {keys_->bits, keys_->group_size == values_->group_size
                                      ? std::optional(keys_->group_size)
                                      : std::nullopt};
  }
  first_ = int(numbers[0]);
  offset_ = int(numbers[1]);
  begin_ = int(numbers[2]);
}

std::unique_ptr<LayerCache> KeyValueCache::clone() const {
  return std::make_unique<KeyValueCache>(*this);
}

std::unique_ptr<LayerCache> KeyValueCache::prefix(int length) const {
  if (length < 0 || length > offset_ || first_seen_from(length) < first_) return nullptr;
  auto copy = std::make_unique<KeyValueCache>(*this);
  if (!keys_) return copy;
  copy->keys_ = keys_->rows(0, length - first_);
  copy->values_ = values_->rows(0, length - first_);
  copy->offset_ = length;
  copy->begin_ = std::min(begin_, length - first_);
  return copy;
}

void KeyValueCache::quantize(const KeyValueQuantization& quantization) {
  check(quantization);
  if (!quantized_) quantization_ = quantization;
}

}  // namespace quern::models
