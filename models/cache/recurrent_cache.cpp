#include "models/cache/recurrent_cache.h"

#include <algorithm>
#include <limits>

#include "models/error.h"

namespace quern::models {

void RecurrentCache::update(std::vector<array> arrays, int tokens) {
  arrays_ = std::move(arrays);
  offset_ += tokens;
}

LayerState RecurrentCache::state() const {
  if (arrays_.empty()) return {};
  return {arrays_, {offset_}};
}

void RecurrentCache::restore(LayerState state) {
  arrays_.clear();
  offset_ = 0;
  if (state.arrays.empty() && state.numbers.empty()) return;
  const auto fits = [&](const array& a, const Shape& shape) {
    return a.ndim() == shape.size() + 1 && a.shape(0) == state.arrays[0].shape(0) &&
           std::equal(shape.begin(), shape.end(), a.shape().begin() + 1) &&
           issubdtype(a.dtype(), floating);
  };
  if (state.numbers.size() != 1 || state.numbers[0] < 0 ||
      state.numbers[0] > std::numeric_limits<int>::max() ||
      !std::equal(state.arrays.begin(), state.arrays.end(), shapes_.begin(), shapes_.end(), fits)) {
    throw ModelError("[cache] a saved state is not that of this layer's recurrence",
                     "The file is damaged or of another model: read the conversation anew.");
  }
  arrays_ = std::move(state.arrays);
  offset_ = int(state.numbers[0]);
}

std::unique_ptr<LayerCache> RecurrentCache::clone() const {
  return std::make_unique<RecurrentCache>(*this);
}

}  // namespace quern::models
