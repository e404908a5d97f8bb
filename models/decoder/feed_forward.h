#pragma once

#include "engine/array/array.h"

namespace quern::models {

/// The half of a layer in which each token is by itself: an MLP, a mixture of experts.
class FeedForward {
 public:
  virtual ~FeedForward() = default;

  /// x: [B, T, hidden_size] -> the same shape and dtype.
  virtual array operator()(const array& x) const = 0;
};

}  // namespace quern::models
