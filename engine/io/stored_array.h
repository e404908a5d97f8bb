#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/array/array.h"

namespace quern {

/// The array that lies row-major in a file's bytes, without reading them. Misaligned elements are
/// copied when the array is first computed with. Truth values are looked at: any but 0 is true.
array stored_array(const std::shared_ptr<Buffer>& buffer, Shape shape, Dtype dtype,
                   size_t byte_offset);

/// A shape and its number of bytes, from lengths that a file claims; nothing when no array can have
/// it: a length past 2^31 - 1, or more than 2^63 - 1 bytes even with the zeros left out.
struct StoredShape {
  Shape shape;
  uint64_t nbytes;
};
std::optional<StoredShape> stored_shape(const std::vector<uint64_t>& lengths, Dtype dtype);

}  // namespace quern
