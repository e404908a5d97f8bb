#pragma once

#include <optional>

#include "engine/ops/scalar.h"

namespace quern {

// Comparisons and logic, element by element over broadcast arrays: the result is bool. Operands are
// promoted to their common dtype first. Comparisons with NaN are false, but for not_equal.

array equal(const array& a, const array& b, StreamOrDevice s = {});
array not_equal(const array& a, const array& b, StreamOrDevice s = {});
array greater(const array& a, const array& b, StreamOrDevice s = {});
array greater_equal(const array& a, const array& b, StreamOrDevice s = {});
array less(const array& a, const array& b, StreamOrDevice s = {});
array less_equal(const array& a, const array& b, StreamOrDevice s = {});

/// Anything but 0 counts as true.
array logical_not(const array& a, StreamOrDevice s = {});
array logical_and(const array& a, const array& b, StreamOrDevice s = {});
array logical_or(const array& a, const array& b, StreamOrDevice s = {});
array logical_xor(const array& a, const array& b, StreamOrDevice s = {});

/// False for every element of bool and integer arrays (isfinite: true).
array isnan(const array& a, StreamOrDevice s = {});
array isinf(const array& a, StreamOrDevice s = {});
array isfinite(const array& a, StreamOrDevice s = {});
array isposinf(const array& a, StreamOrDevice s = {});
array isneginf(const array& a, StreamOrDevice s = {});

/// Scalar bool: same shape and all elements equal; NaN equals NaN if asked.
array array_equal(const array& a, const array& b, bool equal_nan, StreamOrDevice s = {});
array array_equal(const array& a, const array& b, StreamOrDevice s = {});
/// |a - b| <= atol + rtol * |b|; infinities are close to themselves.
array isclose(const array& a, const array& b, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false, StreamOrDevice s = {});
/// Scalar bool: all elements are close.
array allclose(const array& a, const array& b, double rtol = 1e-5, double atol = 1e-8,
               bool equal_nan = false, StreamOrDevice s = {});

// Selection: the result has the values' promoted dtype.

/// x where the condition is true (not 0), else y; all three broadcast.
array where(const array& condition, const array& x, const array& y, StreamOrDevice s = {});
/// minimum(maximum(a, a_min), a_max). Throws std::invalid_argument without any bound.
array clip(const array& a, const std::optional<array>& a_min = std::nullopt,
           const std::optional<array>& a_max = std::nullopt, StreamOrDevice s = {});
/// NaN replaced by `nan`, infinities by posinf and neginf, or else the dtype's largest finite
/// values.
array nan_to_num(const array& a, float nan = 0.0f, std::optional<float> posinf = std::nullopt,
                 std::optional<float> neginf = std::nullopt, StreamOrDevice s = {});

inline array operator==(const array& a, const array& b) { return equal(a, b); }
inline array operator!=(const array& a, const array& b) { return not_equal(a, b); }
inline array operator>(const array& a, const array& b) { return greater(a, b); }
inline array operator>=(const array& a, const array& b) { return greater_equal(a, b); }
inline array operator<(const array& a, const array& b) { return less(a, b); }
inline array operator<=(const array& a, const array& b) { return less_equal(a, b); }
inline array operator!(const array& a) { return logical_not(a); }
inline array operator&&(const array& a, const array& b) { return logical_and(a, b); }
inline array operator||(const array& a, const array& b) { return logical_or(a, b); }

template <Scalar T>
array operator==(T a, const array& b) {
  return equal(array(a), b);
}
template <Scalar T>
array operator==(const array& a, T b) {
  return equal(a, array(b));
}
template <Scalar T>
array operator!=(T a, const array& b) {
  return not_equal(array(a), b);
}
template <Scalar T>
array operator!=(const array& a, T b) {
  return not_equal(a, array(b));
}
template <Scalar T>
array operator>(T a, const array& b) {
  return greater(array(a), b);
}
template <Scalar T>
array operator>(const array& a, T b) {
  return greater(a, array(b));
}
template <Scalar T>
array operator>=(T a, const array& b) {
  return greater_equal(array(a), b);
}
template <Scalar T>
array operator>=(const array& a, T b) {
  return greater_equal(a, array(b));
}
template <Scalar T>
array operator<(T a, const array& b) {
  return less(array(a), b);
}
template <Scalar T>
array operator<(const array& a, T b) {
  return less(a, array(b));
}
template <Scalar T>
array operator<=(T a, const array& b) {
  return less_equal(array(a), b);
}
template <Scalar T>
array operator<=(const array& a, T b) {
  return less_equal(a, array(b));
}

}  // namespace quern
