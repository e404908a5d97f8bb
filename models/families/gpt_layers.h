#pragma once

#include <string>

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"

namespace quern::models {

/// Gives a decoder GPT-2's layers under GPT-2's names, with learned positions: PREFIXwte,
/// PREFIXh.0.attn.c_attn, ...
void set_gpt_layers(DecoderSpec& decoder, const ModelConfig& config, const std::string& prefix);

}  // namespace quern::models
