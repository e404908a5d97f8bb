#pragma once

#include <optional>
#include <string>

#include "models/decoder/norm_spec.h"
#include "models/decoder/part_sizes.h"

namespace quern::models {

enum class Activation {
  silu,
  gelu,
  gelu_tanh,
  relu,
  relu_squared,
  /// Of gpt-oss: g * sigmoid(1.702 * g) * (u + 1), where gate g is at most 7 and u, the other half,
  /// between -7 and 7. Only gated.
  clamped_swiglu,
  xielu,  ///< has parameters: MODULE.act_fn.alpha_p, alpha_n, beta, eps (see Xielu)
};

struct MlpSpec {
  int intermediate_size = 0;
  Activation activation = Activation::silu;
  bool gated = true;  ///< down(activation(gate(x)) * up(x)), or else down(activation(up(x)))
  bool bias = false;
  /// Gates below their mean plus as many standard deviations as leave this part of a normal
  /// distribution below count as 0, others as what exceeds that (Gemma 3n).
  std::optional<float> sparsity = {};

  std::string gate = "gate_proj", up = "up_proj", down = "down_proj";
  /// A norm of what the last projection takes: its name.
  std::optional<std::string> down_norm = {};
  NormSpec norm = {};  ///< its kind
  /// One projection for gate and up, in this order, in place of the two.
  std::optional<std::string> fused = {};

  PartSizes sizes() const { return {3 * size_t(intermediate_size), 0, std::nullopt, 0}; }
};

}  // namespace quern::models
