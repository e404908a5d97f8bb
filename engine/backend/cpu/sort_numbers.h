#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::cpu {

/// A key of 64 bits with the place that it comes from.
struct PlacedKey {
  uint64_t key;
  uint64_t place;
};

/// Which bits of a number order it: 16, 32 or all 64. The others are in order where these are
/// equal.
struct KeyBits {
  int first;
  int count;
};

/// Sorts n numbers, on the calling thread or, `alone`, with the others' help. `spare` has room for
/// as many; returns which of the two holds them afterwards.
///
/// Number: uint16_t, uint32_t, uint64_t or PlacedKey, whose bits are those of its key.
template <typename Number>
Number* sort_numbers(Number* numbers, Number* spare, size_t n, KeyBits bits, bool alone);

/// Puts the number that belongs there at place k, with none larger before it and none smaller after
/// it. `spare` has room for n numbers.
template <typename Number>
void select_number(Number* numbers, Number* spare, size_t n, size_t k);

}  // namespace quern::cpu
