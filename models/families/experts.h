#pragma once

#include <string>
#include <vector>

#include "models/config/model_config.h"
#include "models/decoder/moe_spec.h"
#include "models/weights/weight_rule.h"

namespace quern::models {

// What families with experts share.

/// `num_experts` (or num_local_experts, n_routed_experts) SwiGLU experts of `moe_intermediate_size`
/// or else `intermediate_size`, of which a token uses `num_experts_per_tok`. Throws ModelError when
/// one of the numbers is missing or there are more to use than there are.
MoeSpec common_moe(const ModelConfig& config);

/// DeepSeek-V3's router: sigmoids, a correction while choosing, groups of experts, a factor.
/// Absent keys: no groups, normalised, factor 1.
void route_by_sigmoid(const ModelConfig& config, RouterSpec& router);

/// An MLP for all tokens, as large as `count` experts; none for 0.
void share_experts(MoeSpec& moe, int count);

/// The layers from `first_k_dense_replace` on, and of these each whose number `moe_layer_freq`
/// divides.
std::vector<int> layers_after_dense(const ModelConfig& config);

/// Published experts MODULE.experts.E.gate_proj and so on, stacked as MODULE.STACKED.gate_proj.
WeightRule stacks_expert_mlps(const std::string& module, const std::string& stacked = "switch_mlp");

/// Mixtral's names for the same: w1 is the gate, w3 up, w2 down.
WeightRule stacks_numbered_experts(const std::string& module);

/// Published experts' weights MODULE.NAME [experts, in, out], without ".weight": each gets its two
/// last axes swapped.
WeightRule transposes_experts(const std::string& name);

}  // namespace quern::models
