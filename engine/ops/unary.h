#pragma once

#include "engine/array/array.h"

namespace quern {

// Functions of one array, element by element. Those of the first group keep the dtype; those of the
// second are computed in floating point and give float32 for bool and integers. Half dtypes compute
// in float32 and round once.

/// Magnitude; float32 for complex64.
array abs(const array& a, StreamOrDevice s = {});
/// Throws std::invalid_argument for bool.
array negative(const array& a, StreamOrDevice s = {});
array operator-(const array& a);
array positive(const array& a, StreamOrDevice s = {});
/// -1, 0 or 1, NaN for NaN; a / |a| for complex64.
array sign(const array& a, StreamOrDevice s = {});
array square(const array& a, StreamOrDevice s = {});
/// To a whole number; integers are one. Throw std::invalid_argument for complex64.
array floor(const array& a, StreamOrDevice s = {});
array ceil(const array& a, StreamOrDevice s = {});
array trunc(const array& a, StreamOrDevice s = {});
/// To `decimals` digits after the point (before it when negative), halves to even.
array round(const array& a, int decimals, StreamOrDevice s = {});
array round(const array& a, StreamOrDevice s = {});
/// Parts of complex64 as float32; of other dtypes the array itself and zeros.
array real(const array& a, StreamOrDevice s = {});
array imag(const array& a, StreamOrDevice s = {});
array conjugate(const array& a, StreamOrDevice s = {});

array reciprocal(const array& a, StreamOrDevice s = {});
array sqrt(const array& a, StreamOrDevice s = {});
/// 1 / sqrt(a).
array rsqrt(const array& a, StreamOrDevice s = {});
array exp(const array& a, StreamOrDevice s = {});
/// exp(a) - 1, accurate near 0.
array expm1(const array& a, StreamOrDevice s = {});
array log(const array& a, StreamOrDevice s = {});
array log2(const array& a, StreamOrDevice s = {});
array log10(const array& a, StreamOrDevice s = {});
/// log(1 + a), accurate near 0.
array log1p(const array& a, StreamOrDevice s = {});
/// Angles are in radians.
array sin(const array& a, StreamOrDevice s = {});
array cos(const array& a, StreamOrDevice s = {});
array tan(const array& a, StreamOrDevice s = {});
array arcsin(const array& a, StreamOrDevice s = {});
array arccos(const array& a, StreamOrDevice s = {});
array arctan(const array& a, StreamOrDevice s = {});
array sinh(const array& a, StreamOrDevice s = {});
array cosh(const array& a, StreamOrDevice s = {});
array tanh(const array& a, StreamOrDevice s = {});
array arcsinh(const array& a, StreamOrDevice s = {});
array arccosh(const array& a, StreamOrDevice s = {});
array arctanh(const array& a, StreamOrDevice s = {});
/// Radians to degrees and back.
array degrees(const array& a, StreamOrDevice s = {});
array radians(const array& a, StreamOrDevice s = {});
/// 1 / (1 + exp(-a)).
array sigmoid(const array& a, StreamOrDevice s = {});
/// The error function and its inverse on (-1, 1), real dtypes only.
array erf(const array& a, StreamOrDevice s = {});
array erfinv(const array& a, StreamOrDevice s = {});

}  // namespace quern
