#pragma once

#include <string>
#include <vector>

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"

namespace quern::models {

// What families share some of whose layers are recurrent.

/// Whether each layer attends, which `layer_types` calls "full_attention" or "attention". Without
/// that list: every layer whose number leaves this remainder when divided by the period.
std::vector<bool> attention_layers(const ModelConfig& config, int period, int remainder);

/// Whether the config gives this part of its rotary positions, in whichever of two places.
bool says_of_rope(const ModelConfig& config, const char* key);

/// `mamba_d_state`, `mamba_d_conv`, `mamba_expand`, `mamba_dt_rank`, ... of Mamba in a hybrid.
MambaSpec hybrid_mamba(const ModelConfig& config);
/// `mamba_n_heads`, `mamba_d_head`, `mamba_n_groups`, ... of Mamba 2 in a hybrid, without its norm.
Mamba2Spec hybrid_mamba2(const ModelConfig& config);

/// `time_step_limit`, two numbers; absent: no limits. Throws ModelError when they are not two in
/// order.
void limit_steps(const ModelConfig& config, Mamba2Spec& mamba);

/// Throws ModelError when the groups do not divide the heads.
void check_groups(const ModelConfig& config, const Mamba2Spec& mamba);

/// The decoder that Mamba is published in: backbone.layers.i.norm and mixer, no second half, norms
/// with `layer_norm_epsilon`.
DecoderSpec recurrent_decoder(const ModelConfig& config);

/// An integer, or "auto" or absent for this one.
int integer_or_auto(const ModelConfig& config, const char* key, int automatic);

}  // namespace quern::models
