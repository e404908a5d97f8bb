#pragma once

#include <memory>
#include <string>

#include "models/config/quantization_config.h"
#include "models/decoder/decoder.h"
#include "models/decoder/decoder_spec.h"
#include "models/weights/low_rank_update.h"
#include "models/weights/weights.h"

namespace quern::models {

/// What a model computes in unless asked for float32: what its description says, else the floats of
/// its embedding, when they are float16, bfloat16 or float32; else float32.
Dtype compute_dtype(const Weights& weights, const DecoderSpec& spec);

/// The decoder of this description with these weights, in its form and none of them read yet; with
/// `exact` it computes in float32, else it may round what quantized weights are multiplied with. source: where they come from, for messages. updates: what
/// adapters change, asked for each adaptable weight. Throws ModelError: missing, extra or misshapen
/// tensors.
std::shared_ptr<const Decoder> load_decoder(const Weights& weights, const DecoderSpec& spec,
                                            const QuantizationConfig& quantization, bool exact,
                                            const std::string& source, UpdateSource updates = {});

}  // namespace quern::models
