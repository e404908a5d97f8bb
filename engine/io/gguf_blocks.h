#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/array/dtype.h"

namespace quern {

/// How GGUF stores a tensor: blocks of so many elements in so many bytes each.
struct GGUFType {
  /// Writes a block's elements.
  using Decode = void (*)(const uint8_t* block, float* out);
  /// Takes a block of 32 elements apart into affine weights: lowest bits first, as mode "affine"
  /// packs them, and q * scale + bias as float16 bits.
  using Repack = void (*)(const uint8_t* block, uint8_t* packed, uint16_t& scale, uint16_t& bias);

  uint32_t id;
  std::string_view name;
  uint32_t block_elements;
  uint32_t block_bytes;
  std::optional<Dtype> dtype = {};  ///< of what needs no decoding
  Decode decode = nullptr;
  Repack repack = nullptr;
  int bits = 0;  ///< of a repacked element
};

/// nullptr for a number that is no type, or no longer one.
const GGUFType* find_gguf_type(uint32_t id);
const GGUFType* find_gguf_type(Dtype dtype);

}  // namespace quern
