#include "engine/nn/positional.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/fast.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/ops/weak_scalar.h"

namespace quern::nn {

namespace {

array frequencies(int dims, float min_freq, float max_freq, bool full_turns) {
  if (dims <= 0 || dims % 2 != 0) {
    throw std::invalid_argument(fmt::format(
        "[SinusoidalPositionalEncoding] the number of dimensions {} is not positive and even",
        dims));
  }
  const int count = dims / 2;
  const double low = std::log(double(min_freq)), high = std::log(double(max_freq));
  std::vector<float> sigmas;
  for (int i = 0; i < count; ++i) {
    const double fraction = count == 1 ? 1.0 : 1.0 - double(i) / (count - 1);
    const double turns = full_turns ? 2 * std::numbers::pi : 1.0;
    sigmas.push_back(float(std::exp(fraction * (high - low) + low) * turns));
  }
  return array(sigmas.begin(), {count});
}

std::vector<double> slopes(int heads) {
  const double exponent = std::log2(double(heads));
  std::vector<double> result;
  if (exponent == std::floor(exponent)) {
    const double first = std::exp2(-std::exp2(3 - exponent));
    for (int i = 1; i <= heads; ++i) result.push_back(std::pow(first, i));
    return result;
  }
  const int lower = int(std::exp2(std::floor(exponent)));
  result = slopes(lower);
  const std::vector<double> between = slopes(2 * lower);
  for (int i = 0; i < heads - lower; ++i) result.push_back(between[size_t(2 * i)]);
  return result;
}

}  // namespace

RoPE::RoPE(int dims, bool traditional, float base, float scale)
    : dims_(dims), traditional_(traditional), base_(base), scale_(scale) {}

array RoPE::operator()(const array& x, int offset) {
  return fast::rope(x, dims_, traditional_, base_, scale_, offset);
}

array RoPE::operator()(const array& x, const array& offset) {
  return fast::rope(x, dims_, traditional_, base_, scale_, offset);
}

SinusoidalPositionalEncoding::SinusoidalPositionalEncoding(int dims, float min_freq, float max_freq,
                                                           std::optional<float> scale,
                                                           bool cos_first, bool full_turns)
    : sigmas_(*this, "_sigmas", frequencies(dims, min_freq, max_freq, full_turns)),
      scale_(scale.value_or(float(std::sqrt(2.0 / dims)))),
      cos_first_(cos_first) {}

array SinusoidalPositionalEncoding::operator()(const array& x) {
  const array angles = multiply(expand_dims(x, -1), sigmas_);
  const array y = cos_first_ ? concatenate({cos(angles), sin(angles)}, -1)
                             : concatenate({sin(angles), cos(angles)}, -1);
  return multiply(y, weak_scalar(scale_, y));
}

array ALiBi::create_alibi_slope(int num_heads, Dtype dtype) {
  if (num_heads < 1) {
    throw std::invalid_argument(fmt::format("[ALiBi] there cannot be {} heads", num_heads));
  }
  const std::vector<double> all = slopes(num_heads);
  return array(all.begin(), {num_heads, 1, 1}, dtype);
}

array ALiBi::create_alibi_matrix(int q_sequence_length, int k_sequence_length, int num_heads,
                                 int offset, Dtype dtype) {
  const array queries = expand_dims(arange(offset, q_sequence_length), 1);
  const array distance = abs(subtract(queries, arange(0, k_sequence_length)));
  const array biases = multiply(negative(distance), create_alibi_slope(num_heads, dtype));
  return expand_dims(astype(biases, dtype), 0);
}

array ALiBi::operator()(const array& attention_scores, int offset,
                        const std::optional<array>& mask) {
  array biases =
      create_alibi_matrix(attention_scores.shape(-2) + offset, attention_scores.shape(-1),
                          attention_scores.shape(1), offset, attention_scores.dtype());
  if (mask) biases = add(biases, *mask);
  return add(attention_scores, biases);
}

}  // namespace quern::nn
