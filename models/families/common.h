#pragma once

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"

namespace quern::models {

// What most families share: a pre-norm decoder with RMS norms, grouped-query attention with rotary
// positions and a SwiGLU MLP. A family starts from here and changes what it does differently.

AttentionSpec common_attention(const ModelConfig& config);
LayerSpec common_layer(const ModelConfig& config);
/// With another mixer than common_attention.
LayerSpec common_layer(const ModelConfig& config, decltype(LayerSpec::mixer) mixer);
DecoderSpec common_decoder(const ModelConfig& config);
/// Of layers like this one.
DecoderSpec common_decoder(const ModelConfig& config, const LayerSpec& layer);

/// Rotary positions of heads of config.head_dim, or of another size.
RopeSpec common_rope(const ModelConfig& config, const RopeConfig& rope);
RopeSpec common_rope(const ModelConfig& config, const RopeConfig& rope, int head_dim);

/// Whether `layer_types` calls a layer "sliding_attention"; without that list, `when_unsaid`.
bool layer_slides(const ModelConfig& config, int layer, bool when_unsaid);

/// sliding_window, for a layer that `layer_types` calls "sliding_attention"; without that list, for
/// one that `slides`.
std::optional<int> window_of_layer(const ModelConfig& config, int layer, bool slides);

/// The activation that a config names under this key. Throws ModelError for an unknown one.
Activation read_activation(const ModelConfig& config, const char* key, const char* when_absent);

/// The same with an intermediate_size of 4 * hidden_size, where it is not given.
ModelConfig with_intermediate_size(ModelConfig config);

/// One norm for all places.
void set_norm(DecoderSpec& decoder, const NormSpec& norm);

/// A layer norm with a bias, whose eps the config names under this key.
NormSpec layer_norm_spec(const ModelConfig& config, const char* eps_key);

/// Biases of queries, keys and values, and of the output.
void set_biases(AttentionSpec& attention, bool inputs, bool output);

/// Norms after attention and MLP instead of before.
void norm_after(LayerSpec& layer);
/// Norms before and after both (Gemma).
void norm_around(LayerSpec& layer);

AttentionSpec& attention_of(LayerSpec& layer);
MlpSpec& mlp_of(LayerSpec& layer);

}  // namespace quern::models
