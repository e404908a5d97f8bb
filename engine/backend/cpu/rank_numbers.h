#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::cpu {

/// So many numbers are sorted faster by comparing each with all, in vectors, than in any cleverer
/// way.
inline constexpr size_t most_ranked = 128;

/// ranks[i]: where the i-th of n numbers, at most most_ranked, comes in order; equal ones stay as
/// they are. Both lists have room for most_ranked.
void rank_numbers(const int32_t* numbers, size_t n, uint32_t* ranks);

}  // namespace quern::cpu
