#pragma once

#include "engine/nn/module.h"

namespace quern::nn {

/// In training, zeroes elements with probability p and multiplies the others by 1 / (1 - p)
/// (Srivastava et al. 2014); else returns its input. Draws from RandomScope::next_key().
///
/// All constructors throw std::invalid_argument for p outside [0, 1).
class Dropout : public Layer {
 public:
  explicit Dropout(float p = 0.5f);
  array operator()(const array& x) override;

 protected:
  /// Zeroes what a mask of this shape says, broadcast over x.
  array masked(const array& x, const Shape& mask_shape) const;
  /// One decision per channel, the last axis: `spatial` axes before it share theirs. Throws
  /// std::invalid_argument unless x has 1 + spatial axes, or one more for a batch.
  array channels(const array& x, int spatial, const char* where) const;

 private:
  float keep_;
};

/// Dropout of whole channels of images: x [N, H, W, C] or [H, W, C].
class Dropout2d final : public Dropout {
 public:
  using Dropout::Dropout;
  array operator()(const array& x) override { return channels(x, 2, "Dropout2d"); }
};

/// Dropout of whole channels of volumes: x [N, D, H, W, C] or [D, H, W, C].
class Dropout3d final : public Dropout {
 public:
  using Dropout::Dropout;
  array operator()(const array& x) override { return channels(x, 3, "Dropout3d"); }
};

}  // namespace quern::nn
