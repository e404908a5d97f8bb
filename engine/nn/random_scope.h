#pragma once

#include "engine/array/array.h"

namespace quern::nn {

/// Layers that draw random numbers draw them, within the scope and on this thread, from keys split
/// off this one, and not from the process's sequence. So what a layer draws can be an input of a
/// function that is compiled, recomputed or resumed. Scopes nest.
class RandomScope {
 public:
  /// key: as random::key makes it.
  explicit RandomScope(array key);
  ~RandomScope();
  RandomScope(const RandomScope&) = delete;
  RandomScope& operator=(const RandomScope&) = delete;

  /// The innermost scope's next key, or else the process's.
  static array next_key();

 private:
  array key_;
  RandomScope* outer_;
};

}  // namespace quern::nn
