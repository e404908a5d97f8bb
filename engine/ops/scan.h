#pragma once

#include <optional>

#include "engine/array/array.h"

namespace quern {

// Running reductions along an axis, or over all elements in row-major order without one. `reverse`
// runs from the end; without `inclusive` element i does not count itself (the first is the neutral
// element). All functions throw std::invalid_argument for an axis that is out of range.

/// Keep the dtype, but a sum of bool is int32; floats accumulate wider than they are. With
/// `dtype` the elements are converted to it first.
array cumsum(const array& a, bool reverse = false, bool inclusive = true,
             std::optional<Dtype> dtype = std::nullopt, StreamOrDevice s = {});
array cumsum(const array& a, bool reverse, bool inclusive, StreamOrDevice s);
array cumsum(const array& a, int axis, bool reverse = false, bool inclusive = true,
             std::optional<Dtype> dtype = std::nullopt, StreamOrDevice s = {});
array cumsum(const array& a, int axis, bool reverse, bool inclusive, StreamOrDevice s);
array cumprod(const array& a, bool reverse = false, bool inclusive = true,
              std::optional<Dtype> dtype = std::nullopt, StreamOrDevice s = {});
array cumprod(const array& a, bool reverse, bool inclusive, StreamOrDevice s);
array cumprod(const array& a, int axis, bool reverse = false, bool inclusive = true,
              std::optional<Dtype> dtype = std::nullopt, StreamOrDevice s = {});
array cumprod(const array& a, int axis, bool reverse, bool inclusive, StreamOrDevice s);
/// Keep the dtype; NaN from the first NaN on.
array cummax(const array& a, bool reverse = false, bool inclusive = true, StreamOrDevice s = {});
array cummax(const array& a, int axis, bool reverse = false, bool inclusive = true,
             StreamOrDevice s = {});
array cummin(const array& a, bool reverse = false, bool inclusive = true, StreamOrDevice s = {});
array cummin(const array& a, int axis, bool reverse = false, bool inclusive = true,
             StreamOrDevice s = {});
/// log(cumsum(exp(a))) without overflow; integers give float32.
array logcumsumexp(const array& a, bool reverse = false, bool inclusive = true,
                   StreamOrDevice s = {});
array logcumsumexp(const array& a, int axis, bool reverse = false, bool inclusive = true,
                   StreamOrDevice s = {});

/// Differences of neighbours along the axis, n times; exclusive or for bool. Throws for n < 0.
array diff(const array& a, int n = 1, int axis = -1, StreamOrDevice s = {});

}  // namespace quern
