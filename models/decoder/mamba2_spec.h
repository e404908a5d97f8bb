#pragma once

#include <limits>
#include <optional>

#include "models/decoder/part_sizes.h"

namespace quern::models {

/// Mamba 2 (Dao & Gu 2024).
struct Mamba2Spec {
  int num_heads = 0;
  int head_dim = 0;
  int num_groups = 1;  ///< heads of a group share what goes into and out of their states
  int state_size = 128;
  int kernel = 4;
  bool bias = false;         ///< of in_proj
  bool output_bias = false;  ///< of out_proj
  bool conv_bias = true;
  float min_step = 0.0f;
  float max_step = std::numeric_limits<float>::infinity();

  /// An RMS norm of the result, over each group's part. None: it is only gated.
  struct GatedNorm {
    float eps = 1e-5f;
    int groups = 1;
    bool before_gate = false;  ///< the gate follows, or else goes before
  };
  std::optional<GatedNorm> norm;

  int inner_size() const { return num_heads * head_dim; }
  int conv_channels() const { return inner_size() + 2 * num_groups * state_size; }

  PartSizes sizes() const;
};

}  // namespace quern::models
