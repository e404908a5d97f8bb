#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/backend/cpu/fast/attention.h"

namespace quern::cpu {

/// Adds n keys and their values, value_stride apart, to the sums of `rows` queries: scores
/// [rows, n], `stride` apart, become weights, which needs room up to a multiple of 16. Asks memory
/// for the values that come few_keys later.
void add_keys(const float* values, int64_t value_stride, size_t n, float* scores, size_t stride,
              size_t rows, const RunningSums& to);
void add_keys(const float16_t* values, int64_t value_stride, size_t n, float* scores, size_t stride,
              size_t rows, const RunningSums& to);
void add_keys(const bfloat16_t* values, int64_t value_stride, size_t n, float* scores,
              size_t stride, size_t rows, const RunningSums& to);

}  // namespace quern::cpu
