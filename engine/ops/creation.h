#pragma once

#include "engine/ops/cast.h"
#include "engine/ops/scalar.h"

namespace quern {

/// start, start + step, ... below stop. Throws std::invalid_argument for a step of 0, NaN or bool.
array arange(double start, double stop, double step, Dtype dtype, StreamOrDevice s = {});
array arange(double start, double stop, double step, StreamOrDevice s = {});
array arange(double start, double stop, Dtype dtype, StreamOrDevice s = {});
array arange(double start, double stop, StreamOrDevice s = {});
array arange(double stop, Dtype dtype, StreamOrDevice s = {});
array arange(double stop, StreamOrDevice s = {});
array arange(int start, int stop, int step, StreamOrDevice s = {});
array arange(int start, int stop, StreamOrDevice s = {});
array arange(int stop, StreamOrDevice s = {});

/// num values from start to stop, both included unless endpoint is false. Throws
/// std::invalid_argument for num < 0.
array linspace(double start, double stop, int num, bool endpoint, Dtype dtype = float32,
               StreamOrDevice s = {});
array linspace(double start, double stop, int num = 50, Dtype dtype = float32,
               StreamOrDevice s = {});

/// An array filled with `values`, broadcast to the shape.
array full(Shape shape, array values, Dtype dtype, StreamOrDevice s = {});
array full(Shape shape, array values, StreamOrDevice s = {});
template <Scalar T>
array full(Shape shape, T value, Dtype dtype, StreamOrDevice s = {}) {
  return full(std::move(shape), array(value, dtype), dtype, s);
}
template <Scalar T>
array full(Shape shape, T value, StreamOrDevice s = {}) {
  return full(std::move(shape), array(value), s);
}
array full_like(const array& a, array values, Dtype dtype, StreamOrDevice s = {});
array full_like(const array& a, array values, StreamOrDevice s = {});
template <Scalar T>
array full_like(const array& a, T value, Dtype dtype, StreamOrDevice s = {}) {
  return full_like(a, array(value, dtype), dtype, s);
}
template <Scalar T>
array full_like(const array& a, T value, StreamOrDevice s = {}) {
  return full_like(a, array(value, a.dtype()), s);
}

array zeros(const Shape& shape, Dtype dtype, StreamOrDevice s = {});
array zeros(const Shape& shape, StreamOrDevice s = {});
array zeros_like(const array& a, StreamOrDevice s = {});
array zeros_like(const array& a, Dtype dtype, StreamOrDevice s = {});
array ones(const Shape& shape, Dtype dtype, StreamOrDevice s = {});
array ones(const Shape& shape, StreamOrDevice s = {});
array ones_like(const array& a, StreamOrDevice s = {});
array ones_like(const array& a, Dtype dtype, StreamOrDevice s = {});

/// Ones on the k-th diagonal of an n by m matrix.
array eye(int n, int m, int k, Dtype dtype, StreamOrDevice s = {});
array eye(int n, Dtype dtype, StreamOrDevice s = {});
array eye(int n, int m, StreamOrDevice s = {});
array eye(int n, int m, int k, StreamOrDevice s = {});
array eye(int n, StreamOrDevice s = {});
array identity(int n, Dtype dtype, StreamOrDevice s = {});
array identity(int n, StreamOrDevice s = {});

/// Ones at and below the k-th diagonal; the parts of x below and above it.
array tri(int n, int m, int k, Dtype type, StreamOrDevice s = {});
array tri(int n, Dtype type, StreamOrDevice s = {});
array tril(array x, int k = 0, StreamOrDevice s = {});
array triu(array x, int k = 0, StreamOrDevice s = {});

// Windows: M values, float32, symmetric; none for M < 1, and 1 for M = 1.

/// 0.5 - 0.5 cos(2 pi n / (M - 1)).
array hanning(int M, StreamOrDevice s = {});
/// 0.54 - 0.46 cos(2 pi n / (M - 1)).
array hamming(int M, StreamOrDevice s = {});
/// A triangle: 0 at the ends, 1 in the middle.
array bartlett(int M, StreamOrDevice s = {});
/// 0.42 - 0.5 cos(2 pi n / (M - 1)) + 0.08 cos(4 pi n / (M - 1)).
array blackman(int M, StreamOrDevice s = {});

}  // namespace quern
