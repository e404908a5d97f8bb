#pragma once

#include <memory>

#include "engine/array/array.h"
#include "models/cache/cache.h"
#include "models/decoder/attention_mask.h"

namespace quern::models {

/// The half of a layer in which tokens see each other: attention, a recurrence.
class TokenMixer {
 public:
  virtual ~TokenMixer() = default;

  /// x: [B, T, hidden_size], the tokens that continue what `cache` (of make_cache) holds -> the
  /// same shape and dtype.
  virtual array operator()(const array& x, LayerCache& cache, AttentionMasks& masks) const = 0;

  virtual std::unique_ptr<LayerCache> make_cache() const = 0;
};

}  // namespace quern::models
