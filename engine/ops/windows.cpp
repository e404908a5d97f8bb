#include <array>
#include <numbers>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/unary.h"

namespace quern {

namespace {

/// 0 to 1 in M steps, in float64: the windows are rounded once.
array ramp(int M, StreamOrDevice s) {
  return divide(arange(0.0, double(M), 1.0, float64, s), array(double(M - 1), float64), s);
}

/// Sum of weights[k] * cos(2 pi k t) for t from 0 to 1.
array cosine_window(int M, const std::array<double, 3>& weights, StreamOrDevice s) {
  if (M < 1) return zeros({0}, s);
  if (M == 1) return ones({1}, s);
  const array turns = multiply(ramp(M, s), array(2 * std::numbers::pi, float64), s);
  array window = array(weights[0], float64);
  for (size_t k = 1; k < weights.size(); ++k) {
    const array wave = cos(multiply(turns, array(double(k), float64), s), s);
    window = add(window, multiply(wave, array(weights[k], float64), s), s);
  }
  return astype(window, float32, s);
}

}  // namespace

array hanning(int M, StreamOrDevice s) { return cosine_window(M, {0.5, -0.5, 0}, s); }
array hamming(int M, StreamOrDevice s) { return cosine_window(M, {0.54, -0.46, 0}, s); }
array blackman(int M, StreamOrDevice s) { return cosine_window(M, {0.42, -0.5, 0.08}, s); }

array bartlett(int M, StreamOrDevice s) {
  if (M < 1) return zeros({0}, s);
  if (M == 1) return ones({1}, s);
  const array one = array(1.0, float64), two = array(2.0, float64);
  const array slope = abs(subtract(multiply(ramp(M, s), two, s), one, s), s);
  return astype(subtract(one, slope, s), float32, s);
}

}  // namespace quern
