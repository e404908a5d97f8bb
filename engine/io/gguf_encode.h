#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/io/gguf_blocks.h"

namespace quern {

/// Whether encode_gguf_blocks can write this type: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0,
/// Q4_K, Q5_K and Q6_K.
bool can_encode_gguf(const GGUFType& type);

/// Writes `count` elements, a multiple of the block's, as blocks. Scales and minima are those of
/// the least squared error among what a few starting points lead to. Runs on all threads.
void encode_gguf_blocks(const GGUFType& type, const float* values, size_t count, uint8_t* blocks);

}  // namespace quern
