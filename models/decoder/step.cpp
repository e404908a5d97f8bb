#include "models/decoder/step.h"

#include "models/cache/cache_pair.h"

namespace quern::models {

LayerCache* Step::cache(size_t sequence) const {
  LayerCache* whole = cache(sequence, layer);
  return half && whole ? static_cast<CachePair*>(whole)->half(*half) : whole;
}

std::vector<array> Step::rows(const std::vector<array>& inputs, int begin, int end) {
  std::vector<array> parts;
  for (const array& input : inputs) {
    Shape from(input.ndim(), 0), to = input.shape();
    from[1] = begin;
    to[1] = end;
    parts.push_back(slice(input, from, to));
  }
  return parts;
}

}  // namespace quern::models
