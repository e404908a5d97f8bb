#pragma once

#include <optional>

#include "models/config/model_config.h"

namespace quern::models {

/// Qwen configs name a window even where it is off: it counts when `use_sliding_window` is true,
/// and from layer `max_window_layers` on.
std::optional<int> qwen_window_of_layer(const ModelConfig& config, int layer);

}  // namespace quern::models
