#pragma once

#include <memory>

#include "engine/array/array.h"
#include "models/cache/cache.h"
#include "models/decoder/step.h"

namespace quern::models {

/// The half of a layer in which tokens see each other: attention, a recurrence.
class TokenMixer {
 public:
  virtual ~TokenMixer() = default;

  /// x: [B, T, hidden_size], tokens that continue what their sequences' caches hold -> the same
  /// shape and dtype.
  virtual array operator()(const array& x, Step& step) const = 0;

  /// nullptr when there is nothing to remember.
  virtual std::unique_ptr<LayerCache> make_cache() const = 0;
};

}  // namespace quern::models
