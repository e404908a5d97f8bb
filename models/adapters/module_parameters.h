#pragma once

#include <map>
#include <string>

#include "engine/nn/module.h"
#include "models/weights/low_rank_update.h"

namespace quern::models {

/// What an adapter has for one module, by the last part of its name: "lora_a", "lora_b" and of DoRA
/// "m", in mlx-lm's shapes (see AdapterLayers).
std::map<std::string, Shape> parameter_shapes(const AdaptableModule& module, int rank, bool dora);

/// The update that such parameters, PATH.lora_a and so on, are; without its squared_norms. Throws
/// ModelError for one that is missing or misshapen.
LowRankUpdate update_of(const AdaptableModule& module, const nn::Parameters& parameters, int rank,
                        bool dora, float multiplier);

}  // namespace quern::models
