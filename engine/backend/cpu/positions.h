#pragma once

#include <cstdint>
#include <vector>

#include "engine/array/array.h"

namespace quern::cpu {

/// Adds to offsets[i], for each i-th index in row-major order, where along an axis it points, times
/// `stride`. Negative indices count from the end of the axis. Throws std::out_of_range, naming
/// `where`, when `size` elements from there pass the end of the axis's `length`.
void add_positions(std::vector<int64_t>& offsets, const array& indices, int64_t length,
                   int64_t size, int64_t stride, const char* where);

/// The same for the indices [begin, end) of row-major ones: offsets[0] is that of `begin`.
void add_positions(int64_t* offsets, const array& indices, size_t begin, size_t end, int64_t length,
                   int64_t size, int64_t stride, const char* where);

}  // namespace quern::cpu
