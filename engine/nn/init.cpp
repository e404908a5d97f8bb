#include "engine/nn/init.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/linalg.h"
#include "engine/ops/random.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"

namespace quern::nn::init {

namespace {

struct Fans {
  double in, out;
};

Fans fans(const array& a) {
  if (a.ndim() < 2) {
    throw std::invalid_argument(
        fmt::format("[init] an array of shape {} has no fans", to_string(a.shape())));
  }
  Fans f{double(a.shape(-1)), double(a.shape(0))};
  for (int axis = 1; axis < int(a.ndim()) - 1; ++axis) {
    f.in *= a.shape(axis);
    f.out *= a.shape(axis);
  }
  return f;
}

void require_matrix(const array& a, const char* where) {
  if (a.ndim() == 2) return;
  throw std::invalid_argument(
      fmt::format("[{}] an array of shape {} is not a matrix", where, to_string(a.shape())));
}

/// Mean 0 and this deviation.
array spread(const array& a, double deviation, bool is_normal, Dtype dtype) {
  if (is_normal) return random::normal(a.shape(), dtype, 0.0f, float(deviation));
  const float limit = float(std::sqrt(3.0) * deviation);
  return random::uniform(-limit, limit, a.shape(), dtype);
}

}  // namespace

Initializer constant(double value, Dtype dtype) {
  return [=](const array& a) { return full(a.shape(), array(value, dtype), dtype); };
}

Initializer normal(float mean, float std, Dtype dtype) {
  return [=](const array& a) { return random::normal(a.shape(), dtype, mean, std); };
}

Initializer uniform(float low, float high, Dtype dtype) {
  return [=](const array& a) { return random::uniform(low, high, a.shape(), dtype); };
}

Initializer identity(Dtype dtype) {
  return [=](const array& a) {
    require_matrix(a, "identity");
    if (a.shape(0) == a.shape(1)) return eye(a.shape(0), dtype);
    throw std::invalid_argument(
        fmt::format("[identity] a matrix of shape {} is not square", to_string(a.shape())));
  };
}

array Glorot::operator()(const array& a, float gain) const {
  const Fans f = fans(a);
  return spread(a, double(gain) * std::sqrt(2.0 / (f.in + f.out)), is_normal, dtype);
}

array He::operator()(const array& a, const std::string& mode, float gain) const {
  const Fans f = fans(a);
  if (mode != "fan_in" && mode != "fan_out") {
    throw std::invalid_argument(
        fmt::format("[init] the mode is fan_in or fan_out, not \"{}\"", mode));
  }
  const double fan = mode == "fan_in" ? f.in : f.out;
  return spread(a, double(gain) / std::sqrt(fan), is_normal, dtype);
}

Initializer sparse(double sparsity, float mean, float std, Dtype dtype) {
  return [=](const array& a) {
    require_matrix(a, "sparse");
    const int columns = a.shape(1);
    const int zeroed = int(std::ceil(sparsity * columns));
    // The ranks of random numbers are a random order of each row.
    const array ranks = argsort(argsort(random::uniform(a.shape()), 1), 1);
    return where(less(ranks, array(uint32_t(zeroed))), array(0.0f, dtype),
                 random::normal(a.shape(), dtype, mean, std));
  };
}

Initializer orthogonal(float gain, Dtype dtype) {
  return [=](const array& a) {
    require_matrix(a, "orthogonal");
    const int rows = a.shape(0), columns = a.shape(1), n = std::max(rows, columns);
    const auto [q, r] = linalg::qr(random::normal({n, n}), Device::cpu);
    // Signs that make the decomposition unique, and Q uniform over the orthogonal matrices.
    const array signed_q = multiply(q, sign(diagonal(r)));
    const array part = slice(signed_q, {0, 0}, {rows, columns});
    return astype(multiply(part, array(gain)), dtype);
  };
}

}  // namespace quern::nn::init
