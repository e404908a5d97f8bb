#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/backend/cpu/ask_for.h"

namespace quern::cpu {

// Transpositions in registers, by squares of as many elements a side as 16 bytes hold.

template <typename Bits>
using Lanes [[gnu::vector_size(16)]] = Bits;

template <typename Bits>
inline constexpr size_t block_side = 16 / sizeof(Bits);

/// The lower (upper) halves of two vectors, taking turns.
template <bool upper, typename Bits>
Lanes<Bits> interleaved(Lanes<Bits> a, Lanes<Bits> b) {
  if constexpr (sizeof(Bits) == 1) {
    if constexpr (upper)
      return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15,
                                     31);
    else
      return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  } else if constexpr (sizeof(Bits) == 2) {
    if constexpr (upper)
      return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    else
      return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
  } else if constexpr (sizeof(Bits) == 4) {
    if constexpr (upper)
      return __builtin_shufflevector(a, b, 2, 6, 3, 7);
    else
      return __builtin_shufflevector(a, b, 0, 4, 1, 5);
  } else {
    if constexpr (upper)
      return __builtin_shufflevector(a, b, 1, 3);
    else
      return __builtin_shufflevector(a, b, 0, 2);
  }
}

/// to[i * to_stride + k] = from[k * from_stride + i]. Elements may lie at any address.
template <typename Bits>
void transpose_block(const Bits* from, int64_t from_stride, Bits* to, int64_t to_stride) {
  constexpr size_t side = block_side<Bits>;
  Lanes<Bits> rows[side], next[side];
  for (size_t k = 0; k < side; ++k)
    std::memcpy(&rows[k], from + int64_t(k) * from_stride, sizeof(rows[k]));
  // Each round doubles how many elements of a column lie side by side.
  for (size_t together = 1; together < side; together *= 2) {
    for (size_t k = 0; k < side / 2; ++k) {
      next[2 * k] = interleaved<false, Bits>(rows[k], rows[k + side / 2]);
      next[2 * k + 1] = interleaved<true, Bits>(rows[k], rows[k + side / 2]);
    }
    for (size_t k = 0; k < side; ++k) rows[k] = next[k];
  }
  for (size_t i = 0; i < side; ++i)
    std::memcpy(to + int64_t(i) * to_stride, &rows[i], sizeof(rows[i]));
}

/// to[i * to_stride + k] = from[k * from_stride + i] for i < height and k < width. asks_for_next:
/// for the columns' next elements meanwhile; so many streams the hardware does not follow.
template <typename Bits>
void transpose_tile(const Bits* from, int64_t from_stride, Bits* to, int64_t to_stride,
                    size_t height, size_t width, bool asks_for_next = false) {
  constexpr size_t side = block_side<Bits>;
  const auto one_by_one = [&](size_t i, size_t k) {
    to[int64_t(i) * to_stride + int64_t(k)] = from[int64_t(k) * from_stride + int64_t(i)];
  };
  const size_t whole = height / side * side;
  size_t k = 0;
  for (; k + side <= width; k += side) {
    for (size_t line = 0; line < side && asks_for_next; ++line)
      ask_for(from + int64_t(k + line) * from_stride + int64_t(height), height * sizeof(Bits));
    for (size_t i = 0; i < whole; i += side) {
      transpose_block(from + int64_t(k) * from_stride + int64_t(i), from_stride,
                      to + int64_t(i) * to_stride + int64_t(k), to_stride);
    }
    for (size_t i = whole; i < height; ++i) {
      for (size_t column = k; column < k + side; ++column) one_by_one(i, column);
    }
  }
  for (; k < width; ++k) {
    for (size_t i = 0; i < height; ++i) one_by_one(i, k);
  }
}

}  // namespace quern::cpu
