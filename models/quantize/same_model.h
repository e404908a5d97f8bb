#pragma once

#include <string>

#include "models/decoder/decoder_spec.h"

namespace quern::models {

/// What a description says otherwise than another one, where computing with the one instead of the
/// other would give another model: "layer 0 sees 8 tokens, not all". Empty when they say the same.
/// Activations that approximate one another count as the same.
std::string difference_of(const DecoderSpec& found, const DecoderSpec& wanted);

}  // namespace quern::models
