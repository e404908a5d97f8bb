#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "engine/array/half.h"

namespace quern::cpu {

/// What is known of the elements seen so far: the largest, and the sum of their exponentials.
struct ExponentialSum {
  float largest = -std::numeric_limits<float>::infinity();
  double sum = 0;  ///< of exp(x - largest); of exp(x) while the largest is infinite

  /// log(sum of exp(x)).
  double logarithm() const { return std::isinf(largest) ? std::log(sum) : largest + std::log(sum); }
};

/// Loops over n neighbouring elements for softmax and what is made of it. T: float, float16_t or
/// bfloat16_t, computed in float32.
template <typename T>
struct ExponentialLoops {
  /// NaN or not where one of them is NaN.
  float (*largest)(const T* x, size_t n);
  /// Returns the sum of exp(x - shift), shift being no smaller than any x; the exponentials go to
  /// `out` unless it is null. For up to a tile: it adds in float32.
  float (*sum)(const T* x, size_t n, float shift, float* out);
  /// Takes any number of elements in, each read from memory once.
  void (*add)(const T* x, size_t n, ExponentialSum& to);
  /// out = x * factor.
  void (*scale)(const float* x, size_t n, float factor, T* out);
};

/// Those for this machine.
template <typename T>
const ExponentialLoops<T>& exponential_loops();

}  // namespace quern::cpu
