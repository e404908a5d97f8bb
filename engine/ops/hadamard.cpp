#include "engine/ops/hadamard.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "engine/ops/elementwise.h"
#include "engine/primitives/hadamard.h"

namespace quern {

array hadamard_transform(const array& a, std::optional<float> scale, StreamOrDevice s) {
  if (a.ndim() == 0 || hadamard_factor(a.shape(-1)) == 0) {
    throw std::invalid_argument(fmt::format(
        "[hadamard_transform] the last axis of shape {} is not of length m * 2^k with m "
        "1, 12, 20 or 28",
        to_string(a.shape())));
  }
  if (a.dtype() == complex64) {
    throw std::invalid_argument("[hadamard_transform] needs a real dtype, not complex64");
  }
  const Dtype dtype = at_least_float(a.dtype());
  const float factor = scale ? *scale : float(1 / std::sqrt(double(a.shape(-1))));
  return array(a.shape(), dtype, make_pooled<Hadamard>(to_stream(s), factor, false),
               {astype(a, dtype, s)});
}

}  // namespace quern
