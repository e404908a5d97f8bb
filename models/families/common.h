#pragma once

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"

namespace quern::models {

// What most families share: a pre-norm decoder with RMS norms, grouped-query attention with rotary
// positions and a SwiGLU MLP. A family starts from here and changes what it does differently.

AttentionSpec common_attention(const ModelConfig& config);
MlpSpec common_mlp(const ModelConfig& config);
LayerSpec common_layer(const ModelConfig& config);
DecoderSpec common_decoder(const ModelConfig& config);
/// The same around other layers than the common ones: all of them lack both halves yet.
DecoderSpec bare_decoder(const ModelConfig& config);

/// sliding_window, for a layer that `layer_types` calls "sliding_attention"; without that list, for
/// one that `slides`.
std::optional<int> window_of_layer(const ModelConfig& config, int layer, bool slides);

/// The activation that a config names under this key. Throws ModelError for an unknown one.
Activation read_activation(const ModelConfig& config, const char* key, const char* when_absent);

/// Norms after attention and MLP instead of before.
void norm_after(LayerSpec& layer);

AttentionSpec& attention_of(LayerSpec& layer);
MlpSpec& mlp_of(LayerSpec& layer);

}  // namespace quern::models
