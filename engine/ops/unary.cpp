#include "engine/ops/unary.h"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/elementwise.h"
#include "engine/primitives/unary.h"

namespace quern {

namespace {

template <typename P>
array in_float(const array& a, StreamOrDevice s) {
  const Dtype dtype = at_least_float(a.dtype());
  return elementwise_node<P>(astype(a, dtype, s), dtype, s);
}

void require_real(const array& a, const char* where) {
  if (a.dtype() == complex64) {
    throw std::invalid_argument(fmt::format("[{}] is not defined for complex64", where));
  }
}

/// A whole number near each element; integers are that already.
template <typename P>
array to_whole(const array& a, const char* where, StreamOrDevice s) {
  require_real(a, where);
  if (!issubdtype(a.dtype(), floating)) return a;
  return elementwise_node<P>(a, a.dtype(), s);
}

/// Multiplied by a constant that a half dtype could not hold well enough.
array scaled(const array& a, double factor, StreamOrDevice s) {
  return astype(
      multiply(a, array(factor, is_half(a.dtype()) ? float32 : at_least_float(a.dtype())), s),
      at_least_float(a.dtype()), s);
}

}  // namespace

array abs(const array& a, StreamOrDevice s) {
  if (a.dtype() == complex64) return elementwise_node<Abs>(a, float32, s);
  if (a.dtype() == bool_ || issubdtype(a.dtype(), unsignedinteger)) return a;
  return elementwise_node<Abs>(a, a.dtype(), s);
}

array negative(const array& a, StreamOrDevice s) {
  if (a.dtype() == bool_) {
    throw std::invalid_argument("[negative] is not defined for bool; use logical_not or astype");
  }
  return elementwise_node<Negative>(a, a.dtype(), s);
}

array operator-(const array& a) { return negative(a); }
array positive(const array& a, StreamOrDevice) { return a; }

array sign(const array& a, StreamOrDevice s) {
  if (a.dtype() == bool_) return a;
  return elementwise_node<Sign>(a, a.dtype(), s);
}

array square(const array& a, StreamOrDevice s) {
  if (a.dtype() == bool_) return a;
  return elementwise_node<Square>(a, a.dtype(), s);
}

array floor(const array& a, StreamOrDevice s) { return to_whole<Floor>(a, "floor", s); }
array ceil(const array& a, StreamOrDevice s) { return to_whole<Ceil>(a, "ceil", s); }
array trunc(const array& a, StreamOrDevice s) { return to_whole<Trunc>(a, "trunc", s); }

array round(const array& a, int decimals, StreamOrDevice s) {
  if (decimals == 0) return round(a, s);
  require_real(a, "round");
  if (decimals > 0 && !issubdtype(a.dtype(), floating)) return a;
  const Dtype dtype = a.dtype() == float64 ? float64 : float32;
  const array wide = astype(a, dtype, s), scale = array(std::pow(10.0, std::abs(decimals)), dtype);
  const array rounded = decimals > 0 ? divide(round(multiply(wide, scale, s), s), scale, s)
                                     : multiply(round(divide(wide, scale, s), s), scale, s);
  return astype(rounded, a.dtype(), s);
}

array round(const array& a, StreamOrDevice s) { return to_whole<Round>(a, "round", s); }

array real(const array& a, StreamOrDevice s) {
  return a.dtype() == complex64 ? elementwise_node<Real>(a, float32, s) : a;
}

array imag(const array& a, StreamOrDevice s) {
  if (a.dtype() == complex64) return elementwise_node<Imag>(a, float32, s);
  return broadcast_to(array(0, a.dtype()), a.shape(), s);
}

array conjugate(const array& a, StreamOrDevice s) {
  return a.dtype() == complex64 ? elementwise_node<Conjugate>(a, complex64, s) : a;
}

array reciprocal(const array& a, StreamOrDevice s) { return in_float<Reciprocal>(a, s); }
array sqrt(const array& a, StreamOrDevice s) { return in_float<Sqrt>(a, s); }
array rsqrt(const array& a, StreamOrDevice s) { return in_float<Rsqrt>(a, s); }
array exp(const array& a, StreamOrDevice s) { return in_float<Exp>(a, s); }
array expm1(const array& a, StreamOrDevice s) { return in_float<Expm1>(a, s); }
array log(const array& a, StreamOrDevice s) { return in_float<Log>(a, s); }
array log2(const array& a, StreamOrDevice s) { return in_float<Log2>(a, s); }
array log10(const array& a, StreamOrDevice s) { return in_float<Log10>(a, s); }
array log1p(const array& a, StreamOrDevice s) { return in_float<Log1p>(a, s); }
array sin(const array& a, StreamOrDevice s) { return in_float<Sin>(a, s); }
array cos(const array& a, StreamOrDevice s) { return in_float<Cos>(a, s); }
array tan(const array& a, StreamOrDevice s) { return in_float<Tan>(a, s); }
array arcsin(const array& a, StreamOrDevice s) { return in_float<ArcSin>(a, s); }
array arccos(const array& a, StreamOrDevice s) { return in_float<ArcCos>(a, s); }
array arctan(const array& a, StreamOrDevice s) { return in_float<ArcTan>(a, s); }
array sinh(const array& a, StreamOrDevice s) { return in_float<Sinh>(a, s); }
array cosh(const array& a, StreamOrDevice s) { return in_float<Cosh>(a, s); }
array tanh(const array& a, StreamOrDevice s) { return in_float<Tanh>(a, s); }
array arcsinh(const array& a, StreamOrDevice s) { return in_float<ArcSinh>(a, s); }
array arccosh(const array& a, StreamOrDevice s) { return in_float<ArcCosh>(a, s); }
array arctanh(const array& a, StreamOrDevice s) { return in_float<ArcTanh>(a, s); }
array degrees(const array& a, StreamOrDevice s) { return scaled(a, 180.0 / std::numbers::pi, s); }
array radians(const array& a, StreamOrDevice s) { return scaled(a, std::numbers::pi / 180.0, s); }
array sigmoid(const array& a, StreamOrDevice s) { return in_float<Sigmoid>(a, s); }

array erf(const array& a, StreamOrDevice s) {
  require_real(a, "erf");
  return in_float<Erf>(a, s);
}

array erfinv(const array& a, StreamOrDevice s) {
  require_real(a, "erfinv");
  return in_float<ErfInv>(a, s);
}

}  // namespace quern
