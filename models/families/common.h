#pragma once

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"

namespace quern::models {

// What most families share: a pre-norm decoder with RMS norms, grouped-query attention with rotary
// positions and a SwiGLU MLP. A family starts from here and changes what it does differently.

AttentionSpec common_attention(const ModelConfig& config);
LayerSpec common_layer(const ModelConfig& config);
DecoderSpec common_decoder(const ModelConfig& config);

/// The window of a layer that `layer_types` calls "sliding_attention"; without that list, that of
/// every layer from `first_sliding_layer` on.
std::optional<int> window_of_layer(const ModelConfig& config, int layer, int first_sliding_layer);

AttentionSpec& attention_of(LayerSpec& layer);

}  // namespace quern::models
