#include "engine/ops/reduce.h"

#include <fmt/format.h>

#include "engine/ops/cast.h"
#include "engine/ops/reduce_axes.h"
#include "engine/primitives/reduce.h"

namespace quern {

namespace {

/// Wide enough to sum or multiply up many small values in.
Dtype accumulated(Dtype dtype) {
  switch (dtype.val) {
    case Dtype::Val::bool_:
    case Dtype::Val::int8:
    case Dtype::Val::int16:
      return int32;
    case Dtype::Val::uint8:
    case Dtype::Val::uint16:
      return uint32;
    default:
      return dtype;
  }
}

template <typename P>
array reduced(const array& a, const std::vector<int>& axes, bool keepdims, const char* where,
              StreamOrDevice s) {
  const std::vector<int> sorted = sorted_axes(a, axes, where);
  if (sorted.empty()) return a;
  return reduction_node<P>(a, sorted, keepdims, a.dtype(), s);
}

void require_elements(const array& a, const std::vector<int>& axes, const char* where) {
  for (const int axis : axes) {
    if (a.shape(axis) == 0) {
      throw std::invalid_argument(fmt::format("[{}] no element along axis {} of shape {}", where,
                                              axis, to_string(a.shape())));
    }
  }
}

template <typename P>
array extremum(const array& a, const std::vector<int>& axes, bool keepdims, const char* where,
               StreamOrDevice s) {
  require_elements(a, sorted_axes(a, axes, where), where);
  return reduced<P>(a, axes, keepdims, where, s);
}

template <typename P>
array arg_extremum(const array& a, int axis, bool keepdims, const char* where, StreamOrDevice s) {
  const std::vector<int> axes = sorted_axes(a, {axis}, where);
  require_elements(a, axes, where);
  return reduction_node<P>(a, axes, keepdims, uint32, s);
}

template <typename P>
array arg_extremum_of_all(const array& a, bool keepdims, const char* where, StreamOrDevice s) {
  const array index = arg_extremum<P>(flatten(a, s), 0, false, where, s);
  return keepdims ? reshape(index, Shape(a.ndim(), 1), s) : index;
}

}  // namespace

array all(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return reduced<All>(astype(a, bool_, s), axes, keepdims, "all", s);
}
array all(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return all(a, std::vector<int>{axis}, keepdims, s);
}
array all(const array& a, bool keepdims, StreamOrDevice s) {
  return all(a, all_axes(a), keepdims, s);
}
array all(const array& a, StreamOrDevice s) { return all(a, false, s); }

array any(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return reduced<Any>(astype(a, bool_, s), axes, keepdims, "any", s);
}
array any(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return any(a, std::vector<int>{axis}, keepdims, s);
}
array any(const array& a, bool keepdims, StreamOrDevice s) {
  return any(a, all_axes(a), keepdims, s);
}
array any(const array& a, StreamOrDevice s) { return any(a, false, s); }

array sum(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return reduced<Sum>(astype(a, accumulated(a.dtype()), s), axes, keepdims, "sum", s);
}
array sum(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return sum(a, std::vector<int>{axis}, keepdims, s);
}
array sum(const array& a, bool keepdims, StreamOrDevice s) {
  return sum(a, all_axes(a), keepdims, s);
}
array sum(const array& a, StreamOrDevice s) { return sum(a, false, s); }

array prod(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return reduced<Prod>(astype(a, accumulated(a.dtype()), s), axes, keepdims, "prod", s);
}
array prod(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return prod(a, std::vector<int>{axis}, keepdims, s);
}
array prod(const array& a, bool keepdims, StreamOrDevice s) {
  return prod(a, all_axes(a), keepdims, s);
}
array prod(const array& a, StreamOrDevice s) { return prod(a, false, s); }

array max(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return extremum<Max>(a, axes, keepdims, "max", s);
}
array max(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return max(a, std::vector<int>{axis}, keepdims, s);
}
array max(const array& a, bool keepdims, StreamOrDevice s) {
  return max(a, all_axes(a), keepdims, s);
}
array max(const array& a, StreamOrDevice s) { return max(a, false, s); }

array min(const array& a, const std::vector<int>& axes, bool keepdims, StreamOrDevice s) {
  return extremum<Min>(a, axes, keepdims, "min", s);
}
array min(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return min(a, std::vector<int>{axis}, keepdims, s);
}
array min(const array& a, bool keepdims, StreamOrDevice s) {
  return min(a, all_axes(a), keepdims, s);
}
array min(const array& a, StreamOrDevice s) { return min(a, false, s); }

array argmax(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return arg_extremum<ArgMax>(a, axis, keepdims, "argmax", s);
}
array argmax(const array& a, bool keepdims, StreamOrDevice s) {
  return arg_extremum_of_all<ArgMax>(a, keepdims, "argmax", s);
}
array argmax(const array& a, StreamOrDevice s) { return argmax(a, false, s); }

array argmin(const array& a, int axis, bool keepdims, StreamOrDevice s) {
  return arg_extremum<ArgMin>(a, axis, keepdims, "argmin", s);
}
array argmin(const array& a, bool keepdims, StreamOrDevice s) {
  return arg_extremum_of_all<ArgMin>(a, keepdims, "argmin", s);
}
array argmin(const array& a, StreamOrDevice s) { return argmin(a, false, s); }

}  // namespace quern
