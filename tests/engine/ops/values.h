#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "engine/array/array.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"

namespace quern::tests {

/// An array's elements in row-major order, as float64.
inline std::vector<double> values(const array& a) {
  array wide = contiguous(astype(a, float64));
  wide.eval();
  return std::vector<double>(wide.data<double>(), wide.data<double>() + wide.size());
}

/// n numbers in [low, high), the same on every run.
inline std::vector<float> random_floats(size_t n, float low, float high, unsigned seed = 1) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> distribution(low, high);
  std::vector<float> numbers(n);
  for (float& x : numbers) x = distribution(generator);
  return numbers;
}

inline array random_array(const Shape& shape, float low, float high, unsigned seed = 1) {
  return array(random_floats(element_count(shape), low, high, seed).begin(), shape);
}

/// Distance in units of the last place of the wanted float32.
inline double ulps(double got, double want) {
  const float rounded = float(want);
  if (std::isnan(want) || std::isinf(rounded)) return std::isnan(got) == std::isnan(want) ? 0 : 1e9;
  const float step = std::nextafter(std::fabs(rounded), INFINITY) - std::fabs(rounded);
  return std::fabs(got - want) / double(step);
}

/// The same elements in other layouts: transposed memory, every other element, backwards, and
/// inside a larger array.
inline std::vector<array> layouts(const array& a) {
  const int rows = a.shape(0), columns = a.shape(1);
  std::vector<array> all{a, transpose(contiguous(transpose(a)))};
  all.push_back(slice(repeat(a, 2, 1), {0, 0}, {rows, 2 * columns}, {1, 2}));
  const array backwards =
      contiguous(slice(a, {rows - 1, columns - 1}, {-rows - 1, -columns - 1}, {-1, -1}));
  all.push_back(slice(backwards, {rows - 1, columns - 1}, {-rows - 1, -columns - 1}, {-1, -1}));
  all.push_back(slice(concatenate({a, a}, 1), {0, columns}, {rows, 2 * columns}));
  return all;
}

}  // namespace quern::tests
