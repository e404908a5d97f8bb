#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/array/array.h"
#include "models/cache/key_value_quantization.h"

namespace quern::models {

/// What a layer's cache holds, in a form that can be kept, copied and written to a file.
struct LayerState {
  std::vector<array> arrays;
  std::vector<int64_t> numbers;  ///< positions, counts: what the arrays do not say
};

/// What one layer remembers of the tokens so far.
class LayerCache {
 public:
  virtual ~LayerCache() = default;

  /// Which kind of cache this is, for files: "key_value", ...
  virtual const char* kind() const = 0;

  /// Tokens seen so far: the position of the next one.
  virtual int offset() const = 0;

  /// Forgets the last n tokens. Returns false, and does nothing, when this kind of cache cannot.
  virtual bool trim(int n) = 0;

  /// How far back trim can go for certain: to any token, over what the last update added, or not.
  enum class Trimming { anywhere, last_update, never };
  virtual Trimming trimming() const { return Trimming::never; }

  /// The state, for eval, for counting bytes and for keeping. A state that outlives the next update
  /// makes that update copy everything.
  virtual LayerState state() const = 0;

  /// Continues from a state that a cache of the same kind and layer gave. Throws ModelError when it
  /// does not fit.
  virtual void restore(LayerState state) = 0;

  /// A cache that goes on from here by itself. Arrays are shared until one of the two changes them.
  virtual std::unique_ptr<LayerCache> clone() const = 0;

  /// A clone that has seen the first `length` tokens only, and holds no more than it needs of them;
  /// nullptr when this kind of cache cannot go back there.
  virtual std::unique_ptr<LayerCache> prefix(int length) const;

  /// Holds keys and values in fewer bits from now on; what is no key and no value stays as it is.
  virtual void quantize(const KeyValueQuantization&) {}
};

/// One per layer; nullptr for a layer that remembers nothing.
using Cache = std::vector<std::unique_ptr<LayerCache>>;

/// All arrays of a cache.
std::vector<array> arrays_of(const Cache& cache);

}  // namespace quern::models
