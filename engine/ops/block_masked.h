#pragma once

#include <optional>

#include "engine/array/array.h"

namespace quern {

/// a @ b, where masks decide over blocks of block_size by block_size elements (the last ones of an
/// axis may be smaller): (mask_lhs over a) @ (mask_rhs over b), and mask_out over the product.
///
/// A mask has one element per block of its matrix, [..., ceil(rows / block_size), ceil(columns /
/// block_size)], with batch axes that broadcast to the product's. A bool mask keeps a block or
/// makes it zero, whatever is in it; any other multiplies it.
///
/// Throws std::invalid_argument when a or b has fewer than 2 axes or they do not multiply, the
/// dtype is an integer, the block size is not 32 or 64, or a mask has another shape.
array block_masked_mm(array a, array b, int block_size,
                      std::optional<array> mask_out = std::nullopt,
                      std::optional<array> mask_lhs = std::nullopt,
                      std::optional<array> mask_rhs = std::nullopt, StreamOrDevice s = {});

}  // namespace quern
