#include "models/cache/cache_pair.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "models/error.h"

namespace quern::models {

CachePair::CachePair(std::unique_ptr<LayerCache> first, std::unique_ptr<LayerCache> second)
    : halves_{std::move(first), std::move(second)} {}

bool CachePair::trim(int n) {
  // A copy tells whether the second can before the first one does.
  if (!halves_[1]->clone()->trim(n) || !halves_[0]->trim(n)) return false;
  return halves_[1]->trim(n);
}

LayerState CachePair::state() const {
  LayerState both = halves_[0]->state();
  const auto arrays = int64_t(both.arrays.size()), numbers = int64_t(both.numbers.size());
  LayerState second = halves_[1]->state();
  if (arrays + numbers == 0 && second.arrays.empty() && second.numbers.empty()) return {};
  both.arrays.insert(both.arrays.end(), second.arrays.begin(), second.arrays.end());
  both.numbers.insert(both.numbers.end(), second.numbers.begin(), second.numbers.end());
  // In front: how much of it is the first one's.
  both.numbers.insert(both.numbers.begin(), {arrays, numbers});
  return both;
}

void CachePair::restore(LayerState state) {
  if (state.arrays.empty() && state.numbers.empty()) {
    halves_[0]->restore({});
    halves_[1]->restore({});
    return;
  }
  const auto& counts = state.numbers;
  const bool fits = counts.size() >= 2 && counts[0] >= 0 && counts[1] >= 0 &&
                    counts[0] <= int64_t(state.arrays.size()) &&
                    counts[1] <= int64_t(counts.size()) - 2;
  if (!fits) {
    throw ModelError("[cache] a saved state is not that of a pair of caches",
                     "The file is damaged or of another model: read the conversation anew.");
  }
  const auto arrays_end = state.arrays.begin() + counts[0];
  const auto numbers_end = counts.begin() + 2 + counts[1];
  halves_[0]->restore({{state.arrays.begin(), arrays_end}, {counts.begin() + 2, numbers_end}});
  halves_[1]->restore({{arrays_end, state.arrays.end()}, {numbers_end, counts.end()}});
}

std::unique_ptr<LayerCache> CachePair::clone() const {
  return std::make_unique<CachePair>(halves_[0]->clone(), halves_[1]->clone());
}

/// As far as the one that goes back less.
LayerCache::Trimming CachePair::trimming() const {
  return std::max(halves_[0]->trimming(), halves_[1]->trimming());
}

void CachePair::quantize(const KeyValueQuantization& quantization) {
  for (const auto& half : halves_) half->quantize(quantization);
}

}  // namespace quern::models
