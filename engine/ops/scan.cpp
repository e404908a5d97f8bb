#include "engine/ops/scan.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/elementwise.h"
#include "engine/primitives/scan.h"

namespace quern {

namespace {

template <typename P>
array scan(const array& a, int axis, bool reverse, bool inclusive, const char* where,
           StreamOrDevice s) {
  axis = normalize_axis(axis, int(a.ndim()), where);
  return array(a.shape(), a.dtype(), make_pooled<P>(to_stream(s), axis, reverse, inclusive), {a});
}

}  // namespace

array cumsum(const array& a, int axis, bool reverse, bool inclusive, std::optional<Dtype> dtype,
             StreamOrDevice s) {
  const array x = astype(a, dtype.value_or(a.dtype() == bool_ ? int32 : a.dtype()), s);
  return scan<CumSum>(x, axis, reverse, inclusive, "cumsum", s);
}
array cumsum(const array& a, int axis, bool reverse, bool inclusive, StreamOrDevice s) {
  return cumsum(a, axis, reverse, inclusive, std::nullopt, s);
}
array cumsum(const array& a, bool reverse, bool inclusive, std::optional<Dtype> dtype,
             StreamOrDevice s) {
  return cumsum(flatten(a, s), 0, reverse, inclusive, dtype, s);
}
array cumsum(const array& a, bool reverse, bool inclusive, StreamOrDevice s) {
  return cumsum(a, reverse, inclusive, std::nullopt, s);
}

array cumprod(const array& a, int axis, bool reverse, bool inclusive, std::optional<Dtype> dtype,
              StreamOrDevice s) {
  const array x = astype(a, dtype.value_or(a.dtype()), s);
  return scan<CumProd>(x, axis, reverse, inclusive, "cumprod", s);
}
array cumprod(const array& a, int axis, bool reverse, bool inclusive, StreamOrDevice s) {
  return cumprod(a, axis, reverse, inclusive, std::nullopt, s);
}
array cumprod(const array& a, bool reverse, bool inclusive, std::optional<Dtype> dtype,
              StreamOrDevice s) {
  return cumprod(flatten(a, s), 0, reverse, inclusive, dtype, s);
}
array cumprod(const array& a, bool reverse, bool inclusive, StreamOrDevice s) {
  return cumprod(a, reverse, inclusive, std::nullopt, s);
}

array cummax(const array& a, int axis, bool reverse, bool inclusive, StreamOrDevice s) {
  return scan<CumMax>(a, axis, reverse, inclusive, "cummax", s);
}
array cummax(const array& a, bool reverse, bool inclusive, StreamOrDevice s) {
  return cummax(flatten(a, s), 0, reverse, inclusive, s);
}

array cummin(const array& a, int axis, bool reverse, bool inclusive, StreamOrDevice s) {
  return scan<CumMin>(a, axis, reverse, inclusive, "cummin", s);
}
array cummin(const array& a, bool reverse, bool inclusive, StreamOrDevice s) {
  return cummin(flatten(a, s), 0, reverse, inclusive, s);
}

array logcumsumexp(const array& a, int axis, bool reverse, bool inclusive, StreamOrDevice s) {
  const array x = astype(a, at_least_float(a.dtype()), s);
  return scan<LogCumSumExp>(x, axis, reverse, inclusive, "logcumsumexp", s);
}
array logcumsumexp(const array& a, bool reverse, bool inclusive, StreamOrDevice s) {
  return logcumsumexp(flatten(a, s), 0, reverse, inclusive, s);
}

array diff(const array& a, int n, int axis, StreamOrDevice s) {
  if (n < 0) throw std::invalid_argument(fmt::format("[diff] cannot take differences {} times", n));
  const auto at = size_t(normalize_axis(axis, int(a.ndim()), "diff"));
  array out = a;
  for (; n > 0 && out.shape()[at] > 0; --n) {
    Shape from(out.ndim(), 0), to = out.shape();
    from[at] = 1;
    const array later = slice(out, from, to, s);
    from[at] = 0;
    --to[at];
    const array earlier = slice(out, from, to, s);
    out = a.dtype() == bool_ ? not_equal(later, earlier, s) : subtract(later, earlier, s);
  }
  return out;
}

}  // namespace quern
