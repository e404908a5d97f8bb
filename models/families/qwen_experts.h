#pragma once

#include <vector>

#include "models/config/model_config.h"

namespace quern::models {

/// The layers that have experts: every `decoder_sparse_step`th that `mlp_only_layers` does not
/// list.
std::vector<int> qwen_expert_layers(const ModelConfig& config);

}  // namespace quern::models
