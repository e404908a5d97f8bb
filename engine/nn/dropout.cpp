#include "engine/nn/dropout.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/nn/random_scope.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/random.h"
#include "engine/ops/weak_scalar.h"

namespace quern::nn {

Dropout::Dropout(float p) : keep_(1 - p) {
  if (!(p >= 0 && p < 1)) {
    throw std::invalid_argument(fmt::format("[Dropout] the probability {} is not in [0, 1)", p));
  }
}

array Dropout::masked(const array& x, const Shape& mask_shape) const {
  if (keep_ == 1 || !training()) return x;
  const array mask = random::bernoulli(keep_, mask_shape, RandomScope::next_key());
  return multiply(multiply(mask, x), weak_scalar(1 / double(keep_), x));
}

array Dropout::operator()(const array& x) { return masked(x, x.shape()); }

array Dropout::channels(const array& x, int spatial, const char* where) const {
  const int ndim = int(x.ndim());
  if (ndim != spatial + 1 && ndim != spatial + 2) {
    throw std::invalid_argument(fmt::format("[{}] the input has {} axes, not {} or {}", where, ndim,
                                            spatial + 1, spatial + 2));
  }
  Shape shape = x.shape();
  for (int axis = ndim - 1 - spatial; axis < ndim - 1; ++axis) shape[size_t(axis)] = 1;
  return masked(x, shape);
}

}  // namespace quern::nn
