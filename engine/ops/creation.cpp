#include "engine/ops/creation.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "engine/array/impl.h"
#include "engine/graph/trace.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/shape.h"
#include "engine/primitives/creation.h"

namespace quern {

array arange(double start, double stop, double step, Dtype dtype, StreamOrDevice s) {
  if (dtype == bool_) throw std::invalid_argument("[arange] bool has no range");
  if (std::isnan(start) || std::isnan(stop) || std::isnan(step) || step == 0) {
    throw std::invalid_argument(
        fmt::format("[arange] no range goes from {} to {} by {}", start, stop, step));
  }
  if (std::isinf(start) || std::isinf(stop)) {
    throw std::invalid_argument(
        fmt::format("[arange] the range from {} to {} does not end", start, stop));
  }
  // Integer dtypes step by whole numbers, as the elements do.
  const bool whole = issubdtype(dtype, integer);
  const double first = whole ? std::trunc(start) : start;
  const double by = whole ? std::trunc(step) : step;
  if (by == 0)
    throw std::invalid_argument(
        fmt::format("[arange] a step of {} is 0 as {}", step, dtype_name(dtype)));
  const double count = std::max(0.0, std::ceil((stop - start) / step));
  if (count > INT32_MAX) {
    throw std::overflow_error(fmt::format("[arange] {} elements do not fit one axis", count));
  }
  const auto length = ShapeElem(count);
  return array({length}, dtype, make_pooled<Arange>(to_stream(s), first, by, length), {});
}

array arange(double start, double stop, double step, StreamOrDevice s) {
  return arange(start, stop, step, float32, s);
}
array arange(double start, double stop, Dtype dtype, StreamOrDevice s) {
  return arange(start, stop, 1.0, dtype, s);
}
array arange(double start, double stop, StreamOrDevice s) {
  return arange(start, stop, 1.0, float32, s);
}
array arange(double stop, Dtype dtype, StreamOrDevice s) {
  return arange(0.0, stop, 1.0, dtype, s);
}
array arange(double stop, StreamOrDevice s) { return arange(0.0, stop, 1.0, float32, s); }
array arange(int start, int stop, int step, StreamOrDevice s) {
  return arange(double(start), double(stop), double(step), int32, s);
}
array arange(int start, int stop, StreamOrDevice s) { return arange(start, stop, 1, s); }
array arange(int stop, StreamOrDevice s) { return arange(0, stop, 1, s); }

array linspace(double start, double stop, int num, bool endpoint, Dtype dtype, StreamOrDevice s) {
  if (num < 0) throw std::invalid_argument(fmt::format("[linspace] {} values are asked for", num));
  const int parts = endpoint ? num - 1 : num;
  if (num == 0) return zeros({0}, dtype, s);
  if (num == 1) return astype(array({float(start)}), dtype, s);
  const array t = divide(arange(0, num, s), array(float(parts)), s);
  const array down = multiply(subtract(array(1.0f), t, s), array(float(start)), s);
  return astype(add(down, multiply(t, array(float(stop)), s), s), dtype, s);
}

array linspace(double start, double stop, int num, Dtype dtype, StreamOrDevice s) {
  return linspace(start, stop, num, true, dtype, s);
}

array full(Shape shape, array values, Dtype dtype, StreamOrDevice s) {
  element_count(shape, dtype, "full");
  return contiguous(broadcast_to(astype(std::move(values), dtype, s), shape, s), false, s);
}

array full(Shape shape, array values, StreamOrDevice s) {
  const Dtype dtype = values.dtype();
  return full(std::move(shape), std::move(values), dtype, s);
}

array full_like(const array& a, array values, Dtype dtype, StreamOrDevice s) {
  if (!Trace::any_shape()) return full(a.shape(), std::move(values), dtype, s);
  // Broadcast with the array, whose shape is another at the next call.
  return contiguous(broadcast_arrays({astype(std::move(values), dtype, s), a}, s)[0], false, s);
}
array full_like(const array& a, array values, StreamOrDevice s) {
  return full_like(a, std::move(values), a.dtype(), s);
}

array zeros(const Shape& shape, Dtype dtype, StreamOrDevice s) {
  return full(shape, array(0, dtype), s);
}
array zeros(const Shape& shape, StreamOrDevice s) { return zeros(shape, float32, s); }
array zeros_like(const array& a, Dtype dtype, StreamOrDevice s) {
  return full_like(a, array(0, dtype), dtype, s);
}
array zeros_like(const array& a, StreamOrDevice s) { return zeros_like(a, a.dtype(), s); }
array ones(const Shape& shape, Dtype dtype, StreamOrDevice s) {
  return full(shape, array(1, dtype), s);
}
array ones(const Shape& shape, StreamOrDevice s) { return ones(shape, float32, s); }
array ones_like(const array& a, Dtype dtype, StreamOrDevice s) {
  return full_like(a, array(1, dtype), dtype, s);
}
array ones_like(const array& a, StreamOrDevice s) { return ones_like(a, a.dtype(), s); }

array tri(int n, int m, int k, Dtype type, StreamOrDevice s) {
  if (n < 0 || m < 0) throw std::invalid_argument(fmt::format("[tri] no matrix is {} by {}", n, m));
  return array({n, m}, type, make_pooled<Tri>(to_stream(s), n, m, k), {});
}
array tri(int n, Dtype type, StreamOrDevice s) { return tri(n, n, 0, type, s); }

array eye(int n, int m, int k, Dtype dtype, StreamOrDevice s) {
  const array up_to = tri(n, m, k, bool_, s), below = tri(n, m, k - 1, bool_, s);
  return astype(not_equal(up_to, below, s), dtype, s);
}
array eye(int n, Dtype dtype, StreamOrDevice s) { return eye(n, n, 0, dtype, s); }
array eye(int n, int m, StreamOrDevice s) { return eye(n, m, 0, float32, s); }
array eye(int n, int m, int k, StreamOrDevice s) { return eye(n, m, k, float32, s); }
array eye(int n, StreamOrDevice s) { return eye(n, n, 0, float32, s); }
array identity(int n, Dtype dtype, StreamOrDevice s) { return eye(n, n, 0, dtype, s); }
array identity(int n, StreamOrDevice s) { return identity(n, float32, s); }

namespace {

void require_matrix(const array& x, const char* where) {
  if (x.ndim() >= 2) return;
  throw std::invalid_argument(
      fmt::format("[{}] needs an array with at least 2 dimensions, got {}", where, x.ndim()));
}

}  // namespace

array tril(array x, int k, StreamOrDevice s) {
  require_matrix(x, "tril");
  const array keep = tri(x.shape(-2), x.shape(-1), k, bool_, s);
  return where(keep, x, array(0, x.dtype()), s);
}

array triu(array x, int k, StreamOrDevice s) {
  require_matrix(x, "triu");
  const array drop = tri(x.shape(-2), x.shape(-1), k - 1, bool_, s);
  return where(drop, array(0, x.dtype()), x, s);
}

}  // namespace quern
