#include "engine/ops/random.h"

#include <fmt/format.h>

#include <cmath>
#include <random>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/random.h"

namespace quern::random {

namespace {

array key_or_next(const std::optional<array>& key) {
  const array k = key ? *key : KeySequence::default_().next();
  if (k.dtype() != uint32 || k.shape() != Shape{2}) {
    throw std::invalid_argument(
        fmt::format("[random] a key is uint32 of shape (2), got {} of shape {}",
                    dtype_name(k.dtype()), to_string(k.shape())));
  }
  return k;
}

void require_float(Dtype dtype, const char* where) {
  if (issubdtype(dtype, floating) && dtype != float64) return;
  throw std::invalid_argument(
      fmt::format("[{}] draws float16, bfloat16 and float32, not {}", where, dtype_name(dtype)));
}

/// The largest value of a float dtype that is less than 1.
float below_one(Dtype dtype) {
  if (dtype == float16) return 1.0f - 0x1p-11f;
  if (dtype == bfloat16) return 1.0f - 0x1p-8f;
  return 1.0f - 0x1p-24f;
}

}  // namespace

KeySequence::KeySequence(uint64_t seed) : key_(random::key(seed)) {}

KeySequence& KeySequence::default_() {
  static KeySequence* sequence = [] {
    std::random_device entropy;
    return new KeySequence(uint64_t(entropy()) << 32 | entropy());
  }();
  return *sequence;
}

void KeySequence::seed(uint64_t seed) {
  std::lock_guard lock(mutex_);
  key_ = random::key(seed);
}

array KeySequence::next() {
  std::lock_guard lock(mutex_);
  auto [state, key] = random::split(key_);
  state.eval();  // or the chain of states would grow with every draw
  key_ = state;
  return key;
}

void seed(uint64_t seed) { KeySequence::default_().seed(seed); }

array key(uint64_t seed) { return array({uint32_t(seed >> 32), uint32_t(seed)}); }

array split(const array& key, int num, StreamOrDevice s) { return bits({num, 2}, 4, key, s); }

std::pair<array, array> split(const array& key, StreamOrDevice s) {
  const array both = random::split(key, 2, s);
  const auto row = [&](int i) { return reshape(slice(both, {i, 0}, {i + 1, 2}, s), {2}, s); };
  return {row(0), row(1)};
}

array bits(const Shape& shape, int width, const std::optional<array>& key, StreamOrDevice s) {
  if (width != 1 && width != 2 && width != 4) {
    throw std::invalid_argument(
        fmt::format("[random::bits] the width is 1, 2 or 4 bytes, not {}", width));
  }
  const Dtype dtype = width == 1 ? uint8 : width == 2 ? uint16 : uint32;
  return array(shape, dtype, make_pooled<RandomBits>(to_stream(s), shape, width),
               {key_or_next(key)});
}

array bits(const Shape& shape, const std::optional<array>& key, StreamOrDevice s) {
  return bits(shape, 4, key, s);
}

array uniform(const array& low, const array& high, const Shape& shape, Dtype dtype,
              const std::optional<array>& key, StreamOrDevice s) {
  require_float(dtype, "random::uniform");
  if (broadcast_shapes(broadcast_shapes(low.shape(), high.shape()), shape) != shape) {
    throw std::invalid_argument(
        fmt::format("[random::uniform] bounds of shapes {} and {} do not broadcast to {}",
                    to_string(low.shape()), to_string(high.shape()), to_string(shape)));
  }
  const array from = astype(low, dtype, s), to = astype(high, dtype, s);
  array unit = divide(astype(bits(shape, 4, key, s), float32, s), array(4294967296.0f), s);
  unit = astype(minimum(unit, array(below_one(dtype)), s), dtype, s);
  return add(multiply(unit, subtract(to, from, s), s), from, s);
}

array uniform(const Shape& shape, Dtype dtype, const std::optional<array>& key, StreamOrDevice s) {
  return uniform(array(0.0f), array(1.0f), shape, dtype, key, s);
}
array uniform(const Shape& shape, const std::optional<array>& key, StreamOrDevice s) {
  return uniform(shape, float32, key, s);
}

array normal(const Shape& shape, Dtype dtype, const std::optional<array>& loc,
             const std::optional<array>& scale, const std::optional<array>& key, StreamOrDevice s) {
  const bool is_complex = dtype == complex64;
  if (!is_complex) require_float(dtype, "random::normal");
  Shape drawn = shape;
  if (is_complex) drawn.push_back(2);
  const array unit =
      uniform(array(std::nextafter(-1.0f, 0.0f)), array(1.0f), drawn, float32, key, s);
  array samples = erfinv(unit, s);
  if (is_complex) {
    samples = squeeze(view(samples, complex64, s), -1, s);
  } else {
    samples = astype(multiply(samples, array(std::sqrt(2.0f)), s), dtype, s);
  }
  if (scale) samples = multiply(samples, astype(*scale, dtype, s), s);
  if (loc) samples = add(samples, astype(*loc, dtype, s), s);
  return samples;
}

array normal(const Shape& shape, Dtype dtype, float loc, float scale,
             const std::optional<array>& key, StreamOrDevice s) {
  const auto given = [](float value, float neutral) {
    return value == neutral ? std::nullopt : std::optional<array>(array(value));
  };
  return normal(shape, dtype, given(loc, 0), given(scale, 1), key, s);
}
array normal(const Shape& shape, float loc, float scale, const std::optional<array>& key,
             StreamOrDevice s) {
  return normal(shape, float32, loc, scale, key, s);
}
array normal(const Shape& shape, Dtype dtype, const std::optional<array>& key, StreamOrDevice s) {
  return normal(shape, dtype, std::nullopt, std::nullopt, key, s);
}
array normal(const Shape& shape, const std::optional<array>& key, StreamOrDevice s) {
  return normal(shape, float32, key, s);
}

array randint(const array& low, const array& high, const Shape& shape, Dtype dtype,
              const std::optional<array>& key, StreamOrDevice s) {
  if (!issubdtype(dtype, integer)) {
    throw std::invalid_argument(
        fmt::format("[random::randint] draws integers, not {}", dtype_name(dtype)));
  }
  const array drawn = floor(uniform(low, high, shape, float32, key, s), s);
  // A float32 close to high may round up to it.
  const array last = subtract(astype(high, dtype, s), array(1, dtype), s);
  return maximum(astype(low, dtype, s), minimum(astype(drawn, dtype, s), last, s), s);
}

array bernoulli(const array& p, const Shape& shape, const std::optional<array>& key,
                StreamOrDevice s) {
  if (!issubdtype(p.dtype(), floating)) {
    throw std::invalid_argument(
        fmt::format("[random::bernoulli] probabilities are floats, not {}", dtype_name(p.dtype())));
  }
  if (broadcast_shapes(p.shape(), shape) != shape) {
    throw std::invalid_argument(
        fmt::format("[random::bernoulli] probabilities of shape {} do not broadcast to {}",
                    to_string(p.shape()), to_string(shape)));
  }
  const array upper = array(std::nextafter(float(UINT32_MAX), 0.0f));
  return less(bits(shape, 4, key, s), multiply(p, upper, s), s);
}
array bernoulli(const array& p, const std::optional<array>& key, StreamOrDevice s) {
  return bernoulli(p, p.shape(), key, s);
}
array bernoulli(const std::optional<array>& key, StreamOrDevice s) {
  return bernoulli(array(0.5f), key, s);
}

array truncated_normal(const array& lower, const array& upper, const Shape& shape, Dtype dtype,
                       const std::optional<array>& key, StreamOrDevice s) {
  require_float(dtype, "random::truncated_normal");
  const array root = array(std::sqrt(2.0f));
  const array from = astype(lower, float32, s), to = astype(upper, float32, s);
  const array low = erf(divide(from, root, s), s), high = erf(divide(to, root, s), s);
  const array drawn = multiply(root, erfinv(uniform(low, high, shape, float32, key, s), s), s);
  return astype(maximum(minimum(drawn, to, s), from, s), dtype, s);
}

array truncated_normal(const array& lower, const array& upper, Dtype dtype,
                       const std::optional<array>& key, StreamOrDevice s) {
  return truncated_normal(lower, upper, broadcast_shapes(lower.shape(), upper.shape()), dtype, key,
                          s);
}

array gumbel(const Shape& shape, Dtype dtype, const std::optional<array>& key, StreamOrDevice s) {
  require_float(dtype, "random::gumbel");
  const array drawn = negative(log(negative(log(uniform(shape, float32, key, s), s), s), s), s);
  return astype(drawn, dtype, s);
}

array laplace(const Shape& shape, Dtype dtype, float loc, float scale,
              const std::optional<array>& key, StreamOrDevice s) {
  require_float(dtype, "random::laplace");
  const array unit =
      uniform(array(std::nextafter(-1.0f, 0.0f)), array(1.0f), shape, float32, key, s);
  array drawn = multiply(sign(unit, s), log1p(negative(abs(unit, s), s), s), s);
  drawn = astype(drawn, dtype, s);
  if (scale != 1.0f) drawn = multiply(drawn, array(scale, dtype), s);
  if (loc != 0.0f) drawn = add(drawn, array(loc, dtype), s);
  return drawn;
}
array laplace(const Shape& shape, float loc, float scale, const std::optional<array>& key,
              StreamOrDevice s) {
  return laplace(shape, float32, loc, scale, key, s);
}
array laplace(const Shape& shape, Dtype dtype, const std::optional<array>& key, StreamOrDevice s) {
  return laplace(shape, dtype, 0.0f, 1.0f, key, s);
}
array laplace(const Shape& shape, const std::optional<array>& key, StreamOrDevice s) {
  return laplace(shape, float32, key, s);
}

}  // namespace quern::random
