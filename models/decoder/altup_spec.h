#pragma once

#include <optional>

#include "models/decoder/norm_spec.h"

namespace quern::models {

/// Alternating updates (Baykal et al. 2023): several streams run through the layers, of which each
/// layer computes one; what becomes of the others is predicted, and then corrected by what came out
/// for the one.
struct AltUpSpec {
  int streams = 0;
  int active = 0;  ///< which of them is computed
  /// Coefficients of the correction are kept between -limit and limit.
  std::optional<float> coefficient_limit;
  /// What meets the layer's own input is multiplied by altup.correct_output_scale.
  bool scales_output = true;
  NormSpec norm;
};

}  // namespace quern::models
