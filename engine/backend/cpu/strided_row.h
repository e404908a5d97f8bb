#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::cpu {

/// Copies n elements that lie `stride` elements apart side by side: 1, 2, 4 or 8 bytes each, at any
/// address. The ranges must not overlap.
void gather_row(const void* from, int64_t stride, void* to, size_t n, size_t width);

}  // namespace quern::cpu
