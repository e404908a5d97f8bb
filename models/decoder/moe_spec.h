#pragma once

#include <optional>
#include <string>

#include "models/decoder/mlp_spec.h"
#include "models/decoder/part_sizes.h"
#include "models/decoder/router_spec.h"

namespace quern::models {

/// A mixture of experts (Shazeer et al. 2017): each token goes through the few MLPs that a router
/// chooses for it, and through one that all tokens share, where there is one.
struct MoeSpec {
  RouterSpec router;
  /// The experts, whose weights are stacked: EXPERTS.gate_proj.weight [num_experts, out, in]. Its
  /// `fused` is not used: families cut such weights in two.
  MlpSpec expert;
  std::string experts_name = "switch_mlp";
  /// A token is multiplied by its weight before the expert sees it, instead of the result (Llama
  /// 4).
  bool weighs_input = false;

  /// Experts see a projection of the token to this size, fc1_latent_proj, and fc2_latent_proj leads
  /// their result back.
  std::optional<int> latent_size = {};

  std::optional<MlpSpec> shared = {};
  std::string shared_name = "shared_experts";
  /// A projection [1, hidden_size]: the shared expert's result is multiplied by its sigmoid.
  std::optional<std::string> shared_gate_name = {};

  PartSizes sizes() const;
};

}  // namespace quern::models
