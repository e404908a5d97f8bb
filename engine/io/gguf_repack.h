#pragma once

#include <cstdint>

#include "engine/io/gguf_blocks.h"

namespace quern {

/// A block type of GGUF as one of our quantized weights (ops/quantized.h), which says the same
/// numbers: to the last bit, where scales are float32.
struct GGUFRepacking {
  /// What a block becomes: an integer or float code for each element, in order, and for each group
  /// a scale and a bias, or in modes without biases the byte of a scale.
  struct Groups {
    uint8_t* codes;
    float* scales;
    float* biases;
    uint8_t* scale_bytes;
  };

  uint32_t type;
  const char* mode;
  int bits;
  int group_size;
  bool half_scales;  ///< scales and biases are float16 numbers
  void (*unpack)(const uint8_t* block, const Groups& to);
};

/// nullptr for a type of plain numbers, and one that only a code book decodes.
const GGUFRepacking* find_gguf_repacking(uint32_t type);

/// Repacks `count` blocks: writes count * block_elements * bits / 8 bytes to `packed` and the
/// groups' scales. With affine modes scales and biases are float32, else scale_bytes.
void repack_gguf_blocks(const GGUFType& type, const GGUFRepacking& repacking, const uint8_t* blocks,
                        size_t count, uint8_t* packed, float* scales, float* biases,
                        uint8_t* scale_bytes);

}  // namespace quern
