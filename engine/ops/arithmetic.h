#pragma once

#include <vector>

#include "engine/ops/scalar.h"

namespace quern {

// Elementwise arithmetic of two arrays, broadcast against each other. Both are promoted to
// result_type(a, b), which is the result's dtype too unless a function says otherwise. Integers
// wrap. Half dtypes compute in float32 and round once. All functions throw std::invalid_argument
// for shapes that do not broadcast.

/// On bool: or.
array add(const array& a, const array& b, StreamOrDevice s = {});
array subtract(const array& a, const array& b, StreamOrDevice s = {});
/// On bool: and.
array multiply(const array& a, const array& b, StreamOrDevice s = {});
/// True division: integers give float32.
array divide(const array& a, const array& b, StreamOrDevice s = {});
/// floor(a / b), integers too; an integer over 0 gives 0. Throws for complex64.
array floor_divide(const array& a, const array& b, StreamOrDevice s = {});
/// a - b * floor(a / b): has b's sign, as in Python; an integer modulo 0 gives 0. Throws for
/// complex64.
array remainder(const array& a, const array& b, StreamOrDevice s = {});
/// {floor_divide(a, b), remainder(a, b)}.
std::vector<array> divmod(const array& a, const array& b, StreamOrDevice s = {});
/// a to the power b. Integers to a negative power truncate: 0 unless a is 1 or -1, and 0 for a = 0.
array power(const array& a, const array& b, StreamOrDevice s = {});
/// The larger (smaller); NaN when either is. complex64 orders by real, then imaginary part.
array maximum(const array& a, const array& b, StreamOrDevice s = {});
array minimum(const array& a, const array& b, StreamOrDevice s = {});
/// log(exp(a) + exp(b)) without overflow. Integers give float32.
array logaddexp(const array& a, const array& b, StreamOrDevice s = {});
/// The angle of the point (b, a). Integers give float32.
array arctan2(const array& a, const array& b, StreamOrDevice s = {});

inline array operator+(const array& a, const array& b) { return add(a, b); }
inline array operator-(const array& a, const array& b) { return subtract(a, b); }
inline array operator*(const array& a, const array& b) { return multiply(a, b); }
inline array operator/(const array& a, const array& b) { return divide(a, b); }
inline array operator%(const array& a, const array& b) { return remainder(a, b); }

template <Scalar T>
array operator+(T a, const array& b) {
  return add(array(a), b);
}
template <Scalar T>
array operator+(const array& a, T b) {
  return add(a, array(b));
}
template <Scalar T>
array operator-(T a, const array& b) {
  return subtract(array(a), b);
}
template <Scalar T>
array operator-(const array& a, T b) {
  return subtract(a, array(b));
}
template <Scalar T>
array operator*(T a, const array& b) {
  return multiply(array(a), b);
}
template <Scalar T>
array operator*(const array& a, T b) {
  return multiply(a, array(b));
}
template <Scalar T>
array operator/(T a, const array& b) {
  return divide(array(a), b);
}
template <Scalar T>
array operator/(const array& a, T b) {
  return divide(a, array(b));
}
template <Scalar T>
array operator%(T a, const array& b) {
  return remainder(array(a), b);
}
template <Scalar T>
array operator%(const array& a, T b) {
  return remainder(a, array(b));
}

}  // namespace quern
