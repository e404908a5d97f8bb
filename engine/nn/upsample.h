#pragma once

#include "engine/nn/module.h"

namespace quern::nn {

/// Resizes the spatial axes of x [N, spatial..., C] to floor(scale * length).
class Upsample final : public Layer {
 public:
  /// scale_factor: one number per spatial axis, or one for all. mode: "nearest", "linear" or
  /// "cubic" (Keys 1981, a = -0.75; borders are repeated). align_corners: the first and last
  /// samples of input and output coincide, else their edges do. antialias (linear and cubic, there
  /// with a = -0.5): when shrinking, the filter widens to cover what it skips; samples outside the
  /// input do not count.
  ///
  /// Throws std::invalid_argument for another mode, antialias with nearest or align_corners.
  explicit Upsample(std::vector<float> scale_factor, const std::string& mode = "nearest",
                    bool align_corners = false, bool antialias = false);
  explicit Upsample(float scale_factor, const std::string& mode = "nearest",
                    bool align_corners = false, bool antialias = false);

  /// Throws std::invalid_argument when x has no spatial axis, or not one per scale.
  array operator()(const array& x) override;

 private:
  enum class Mode { nearest, linear, cubic };

  std::vector<float> scale_factor_;
  Mode mode_;
  bool align_corners_, antialias_;
};

}  // namespace quern::nn
