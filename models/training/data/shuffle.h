#pragma once

#include <cstdint>
#include <span>
#include <utility>

namespace quern::models {

/// One well-mixed number from two (the finaliser of SplitMix64, Steele, Lea and Flood 2014).
inline uint64_t mixed(uint64_t a, uint64_t b) {
  uint64_t z = a * 0x9E3779B97F4A7C15u + b + 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// A permutation that depends on the seed and the length alone, on every machine: the standard
/// library's shuffle may differ from one to the next, and a resumed run must meet the same batches.
template <class T>
void shuffle(std::span<T> items, uint64_t seed) {
  for (uint64_t left = items.size(); left > 1; --left) {
    // Of 64 bits, the rest of a division by a number of rows is even enough.
    const uint64_t chosen = mixed(seed, left) % left;
    std::swap(items[left - 1], items[chosen]);
  }
}

}  // namespace quern::models
