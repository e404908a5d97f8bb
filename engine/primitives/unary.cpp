#include "engine/primitives/unary.h"

#include <numbers>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/unary.h"
#include "engine/primitives/batch.h"

namespace quern {

namespace {

array constant(double value, const array& like) { return array(value, like.dtype()); }

/// x times a constant.
array times(const array& x, double factor) { return multiply(x, constant(factor, x)); }

array one_minus(const array& x) { return subtract(constant(1, x), x); }
array one_plus(const array& x) { return add(constant(1, x), x); }

}  // namespace

array Abs::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return multiply(t, sign(x[0]));
}

Arrays Abs::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                const Arrays&) const {
  // Along the direction of a complex number.
  return {real(multiply(tangents[0], conjugate(sign(primals[0]))))};
}

array Negative::times_derivative(const array& t, int, const Arrays&, const array&) const {
  return negative(t);
}

array Square::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return multiply(t, times(x[0], 2));
}

// The sign of a real number is a step; z / |z| turns with z: what `c` has across its direction
// counts, over |z|.

Arrays Sign::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                 const Arrays& outputs) const {
  const array &z = primals[0], &c = cotangents[0], &direction = outputs[0];
  if (z.dtype() != complex64) return zeros_of(primals, argnums);
  const array along = real(multiply(c, conjugate(direction)));
  const array across = subtract(c, multiply(along, direction));
  const array length = abs(z), none = equal(length, array(0.0f));
  const array turned = divide(across, where(none, array(1.0f), length));
  return {where(none, array(0, complex64), turned)};
}

Arrays Sign::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                 const Arrays& outputs) const {
  return vjp(primals, tangents, argnums, outputs);  // it is its own transpose
}

// Parts of complex numbers: real and imaginary parts of a cotangent belong to those of the number.

Arrays Real::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays&) const {
  return {astype(cotangents[0], complex64)};
}
Arrays Real::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                 const Arrays&) const {
  return {real(tangents[0])};
}

Arrays Imag::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays&) const {
  return {multiply(cotangents[0], array(complex64_t(0, 1)))};
}
Arrays Imag::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                 const Arrays&) const {
  return {imag(tangents[0])};
}

Arrays Conjugate::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                      const Arrays&) const {
  return {conjugate(cotangents[0])};
}
Arrays Conjugate::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                      const Arrays&) const {
  return {conjugate(tangents[0])};
}

// Roots, exponentials, logarithms

array Reciprocal::times_derivative(const array& t, int, const Arrays&, const array& y) const {
  return negative(multiply(t, square(y)));
}

array Sqrt::times_derivative(const array& t, int, const Arrays&, const array& y) const {
  return divide(t, times(y, 2));
}

array Rsqrt::times_derivative(const array& t, int, const Arrays& x, const array& y) const {
  return divide(multiply(t, y), times(x[0], -2));
}

array Exp::times_derivative(const array& t, int, const Arrays&, const array& y) const {
  return multiply(t, y);
}

array Expm1::times_derivative(const array& t, int, const Arrays&, const array& y) const {
  return multiply(t, one_plus(y));
}

array Log::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return divide(t, x[0]);
}

array Log2::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return divide(t, times(x[0], std::numbers::ln2));
}

array Log10::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return divide(t, times(x[0], std::numbers::ln10));
}

array Log1p::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return divide(t, one_plus(x[0]));
}

// Circular and hyperbolic functions

array Sin::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return multiply(t, cos(x[0]));
}

array Cos::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return negative(multiply(t, sin(x[0])));
}

array Tan::times_derivative(const array& t, int, const Arrays&, const array& y) const {
  return multiply(t, one_plus(square(y)));
}

array ArcSin::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return multiply(t, rsqrt(one_minus(square(x[0]))));
}

array ArcCos::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return negative(multiply(t, rsqrt(one_minus(square(x[0])))));
}

array ArcTan::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return divide(t, one_plus(square(x[0])));
}

array Sinh::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return multiply(t, cosh(x[0]));
}

array Cosh::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return multiply(t, sinh(x[0]));
}

array Tanh::times_derivative(const array& t, int, const Arrays&, const array& y) const {
  return multiply(t, one_minus(square(y)));
}

array ArcSinh::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return multiply(t, rsqrt(one_plus(square(x[0]))));
}

array ArcCosh::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  // Two roots, for the branch that the function takes over the complex numbers.
  const array below = subtract(x[0], constant(1, x[0]));
  return multiply(t, multiply(rsqrt(below), rsqrt(one_plus(x[0]))));
}

array ArcTanh::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return divide(t, one_minus(square(x[0])));
}

// Sigmoids

array Sigmoid::times_derivative(const array& t, int, const Arrays&, const array& y) const {
  return multiply(t, multiply(y, one_minus(y)));
}

array Erf::times_derivative(const array& t, int, const Arrays& x, const array&) const {
  return multiply(t, times(exp(negative(square(x[0]))), 2 * std::numbers::inv_sqrtpi));
}

array ErfInv::times_derivative(const array& t, int, const Arrays&, const array& y) const {
  return multiply(t, times(exp(square(y)), 1 / (2 * std::numbers::inv_sqrtpi)));
}

}  // namespace quern
