#pragma once

#include <cstdint>

#include "engine/array/half.h"

namespace quern::cpu::avx512_bf16 {

// Scores of a few bfloat16 queries by the instructions that multiply pairs and sum in float32: the
// products are exact, as those of floats would be. Asks is_supported() of bfloat16_gemm.h first.

/// The most queries that are scored together.
inline constexpr int64_t most_scored_queries = 8;

/// Rows of an even width whose keys are asked for so many keys ahead.
struct ScoredKeys {
  const bfloat16_t* data;
  int64_t stride, count, width, ahead;
};

/// scores[r * score_stride + i] = scale * (query r times key i) for r < rows, at most
/// most_scored_queries, and i < keys.count; behind them up to a multiple of 16 are written too.
/// queries: [width / 2][rows] pairs of elements.
void score_keys(const ScoredKeys& keys, const int32_t* queries, int64_t rows, float scale,
                float* scores, int64_t score_stride);

}  // namespace quern::cpu::avx512_bf16
