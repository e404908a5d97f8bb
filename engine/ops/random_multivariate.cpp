#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/linalg.h"
#include "engine/ops/matmul.h"
#include "engine/ops/random.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern::random {

array multivariate_normal(const array& mean, const array& cov, const Shape& shape, Dtype dtype,
                          const std::optional<array>& key, StreamOrDevice s) {
  if (mean.ndim() < 1 || cov.ndim() < 2 || cov.shape(-1) != cov.shape(-2) ||
      cov.shape(-1) != mean.shape(-1)) {
    throw std::invalid_argument(fmt::format(
        "[random::multivariate_normal] a mean of shape {} and a covariance of shape {} do not fit",
        to_string(mean.shape()), to_string(cov.shape())));
  }
  if (!issubdtype(dtype, floating) || dtype == float64) {
    throw std::invalid_argument(
        fmt::format("[random::multivariate_normal] draws float16, bfloat16 and float32, not {}",
                    dtype_name(dtype)));
  }
  const Shape batch = broadcast_shapes(Shape(mean.shape().begin(), mean.shape().end() - 1),
                                       Shape(cov.shape().begin(), cov.shape().end() - 2));
  Shape drawn = broadcast_shapes(batch, shape);
  drawn.push_back(mean.shape(-1));

  // The symmetric root of the covariance.
  const std::vector<array> factors = linalg::svd(astype(cov, float32, s), s);
  const array scaled = multiply(factors[0], expand_dims(sqrt(factors[1], s), -2, s), s);
  const array root = matmul(scaled, factors[2], s);

  const array unit = normal(drawn, float32, key, s);
  const array spread = root.ndim() == 2 ? matmul(unit, root, s)
                                        : squeeze(matmul(expand_dims(unit, -2, s), root, s), -2, s);
  return astype(add(spread, astype(mean, float32, s), s), dtype, s);
}

}  // namespace quern::random
