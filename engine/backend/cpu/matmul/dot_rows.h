#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/array/half.h"

namespace quern::cpu {

// Products of a few vectors with many rows: what a model's layers do per generated token. Each row
// is read once, as it lies, so that the time is that of streaming the rows from memory.

/// The most vectors for which this beats a blocked matrix product.
inline constexpr int64_t dot_rows_most_vectors = 32;

/// out[v * out_stride + r] = sum over k of rows[r * row_stride + k] * x[v * length + k], summed in
/// float32, for v < vectors and r < row_count. Runs on the calling thread.
void dot_rows(const float* rows, int64_t row_stride, size_t row_count, const float* x,
              size_t vectors, size_t length, float* out, size_t out_stride);
void dot_rows(const float16_t* rows, int64_t row_stride, size_t row_count, const float* x,
              size_t vectors, size_t length, float* out, size_t out_stride);
void dot_rows(const bfloat16_t* rows, int64_t row_stride, size_t row_count, const float* x,
              size_t vectors, size_t length, float* out, size_t out_stride);

}  // namespace quern::cpu
