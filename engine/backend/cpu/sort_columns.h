#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::cpu {

/// How many sequences lie side by side: a cache line of numbers.
template <typename Number>
inline constexpr size_t sorted_columns = 64 / sizeof(Number);

/// Longer sequences are sorted faster by their digits.
template <typename Number>
inline constexpr size_t longest_column = 4096 / sizeof(Number);

/// Sorts each column of [n, sorted_columns] numbers by the same exchanges, a row of columns at a
/// time: without a branch, whatever their order. Needs about n (log2 n)^2 / 4 of them, so n should
/// be at most longest_column.
void sort_columns(uint16_t* numbers, size_t n);
void sort_columns(uint32_t* numbers, size_t n);
void sort_columns(uint64_t* numbers, size_t n);

}  // namespace quern::cpu
