#include "models/cache/cache.h"

namespace quern::models {

std::unique_ptr<LayerCache> LayerCache::prefix(int length) const {
  std::unique_ptr<LayerCache> copy = clone();
  return copy->trim(offset() - length) ? std::move(copy) : nullptr;
}

std::vector<array> arrays_of(const Cache& cache) {
  std::vector<array> out;
  for (const auto& layer : cache) {
    if (!layer) continue;
    for (array& a : layer->state().arrays) out.push_back(std::move(a));
  }
  return out;
}

}  // namespace quern::models
