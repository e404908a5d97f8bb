#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/array/array.h"

namespace quern::models {

/// What one layer remembers of the tokens so far.
class LayerCache {
 public:
  virtual ~LayerCache() = default;

  /// Adds keys and values [B, H_kv, T, D] and returns all that attention should see, both [B, H_kv,
  /// S, D].
  virtual std::pair<array, array> update(const array& keys, const array& values) = 0;

  /// Tokens seen so far: the position of the next one.
  virtual int offset() const = 0;

  /// Forgets the last n tokens. Returns false, and does nothing, when this kind of cache cannot.
  virtual bool trim(int n) = 0;

  /// Arrays that hold the state, for eval and for counting bytes. A copy that outlives the next
  /// update makes that update copy everything.
  virtual std::vector<array> state() const = 0;
};

/// One per layer.
using Cache = std::vector<std::unique_ptr<LayerCache>>;

}  // namespace quern::models
