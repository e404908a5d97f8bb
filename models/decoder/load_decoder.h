#pragma once

#include <memory>

#include "models/config/quantization_config.h"
#include "models/decoder/decoder.h"
#include "models/decoder/decoder_spec.h"
#include "models/weights/checkpoint.h"

namespace quern::models {

/// What a model computes in unless asked for float32: the floats of its embedding, when they are
/// float16, bfloat16 or float32; else float32.
Dtype compute_dtype(const Checkpoint& checkpoint, const DecoderSpec& spec);

/// The decoder of this description with the checkpoint's weights, none of which is read yet; with
/// `exact` it computes in float32. Throws ModelError: missing, extra or misshapen tensors.
std::shared_ptr<const Decoder> load_decoder(const Checkpoint& checkpoint, const DecoderSpec& spec,
                                            const QuantizationConfig& quantization, bool exact);

}  // namespace quern::models
