#include "engine/ops/fp8.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/primitives/fp8.h"

namespace quern {

array to_fp8(array x, StreamOrDevice s) {
  if (!issubdtype(x.dtype(), floating)) {
    throw std::invalid_argument(
        fmt::format("[to_fp8] needs a float dtype, not {}", dtype_name(x.dtype())));
  }
  if (x.dtype() == float64) x = astype(std::move(x), float32, s);
  Shape shape = x.shape();
  return array(std::move(shape), uint8, make_pooled<ToFP8>(to_stream(s)), {std::move(x)});
}

array from_fp8(array x, Dtype dtype, StreamOrDevice s) {
  if (x.dtype() != uint8) {
    throw std::invalid_argument(
        fmt::format("[from_fp8] needs bytes as uint8, not {}", dtype_name(x.dtype())));
  }
  if (dtype != float16 && dtype != bfloat16 && dtype != float32) {
    throw std::invalid_argument(
        fmt::format("[from_fp8] gives float16, bfloat16 or float32, not {}", dtype_name(dtype)));
  }
  Shape shape = x.shape();
  return array(std::move(shape), dtype, make_pooled<FromFP8>(to_stream(s), dtype), {std::move(x)});
}

}  // namespace quern
