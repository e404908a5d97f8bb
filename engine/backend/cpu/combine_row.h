#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/array/dtype.h"
#include "engine/primitives/combine.h"

namespace quern::cpu {

/// Combines n elements into n others of the same dtype; strides count elements. Integers wrap, bool
/// adds as or and multiplies as and, complex64 orders by real, then imaginary part, and the larger
/// or smaller of a NaN and anything is NaN.
using CombineRow = void (*)(const char* src, int64_t src_stride, char* dst, int64_t dst_stride,
                            size_t n);

/// Throws std::invalid_argument when `combine` is none (it may come from a file).
CombineRow combine_row(Combine combine, Dtype dtype);

/// Combines `count` rows of n elements of a half dtype, one after the other, into one of n
/// elements: in float32, rounded once.
using CombineRows = void (*)(const char* const* rows, size_t count, int64_t src_stride, char* dst,
                             int64_t dst_stride, size_t n);

/// nullptr where combining rows one by one gives the same.
CombineRows combine_rows(Combine combine, Dtype dtype);

}  // namespace quern::cpu
