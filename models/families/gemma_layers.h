#pragma once

#include <optional>
#include <vector>

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"

namespace quern::models {

// What Gemma 3n and Gemma 4 share.

/// Which layers slide: as `layer_types` says, or all but each `pattern`th and the last.
std::vector<bool> gemma_sliding_layers(const ModelConfig& config, int pattern);

/// Each layer's own input: none when hidden_size_per_layer_input is 0.
std::optional<LayerInputSpec> gemma_layer_inputs(const ModelConfig& config);

/// The last num_kv_shared_layers attend to the keys of the last layer before them that slides, or
/// does not, as they do. What projections of keys and values a checkpoint holds for them is
/// dropped.
void share_keys(const ModelConfig& config, const std::vector<bool>& slides, DecoderSpec& decoder);

}  // namespace quern::models
