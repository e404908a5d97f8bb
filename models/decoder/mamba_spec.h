#pragma once

#include <optional>

#include "models/decoder/norm_spec.h"
#include "models/decoder/part_sizes.h"

namespace quern::models {

/// Mamba (Gu & Dao 2023).
struct MambaSpec {
  int inner_size = 0;
  int state_size = 16;  ///< per channel
  int step_rank = 0;    ///< of the projection that gives the steps
  int kernel = 4;
  bool bias = false;  ///< of in_proj and out_proj
  bool conv_bias = true;
  /// Of the steps before they are projected and of what goes into and out of the state:
  /// dt_layernorm, b_layernorm, c_layernorm.
  std::optional<NormSpec> norm;

  PartSizes sizes() const;
};

}  // namespace quern::models
