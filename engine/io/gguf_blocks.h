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

  uint32_t id;
  std::string_view name;
  uint32_t block_elements;
  uint32_t block_bytes;
  std::optional<Dtype> dtype = {};  ///< of what needs no decoding
  Decode decode = nullptr;
};

/// nullptr for a number that is no type, or no longer one.
const GGUFType* find_gguf_type(uint32_t id);
const GGUFType* find_gguf_type(Dtype dtype);

}  // namespace quern
