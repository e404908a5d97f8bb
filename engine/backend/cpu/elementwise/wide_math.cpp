#include <cmath>
#include <complex>
#include <numbers>
#include <type_traits>

#include "engine/array/dispatch.h"
#include "engine/backend/cpu/elementwise/tiles.h"
#include "engine/primitives/arithmetic.h"
#include "engine/primitives/comparison.h"
#include "engine/primitives/unary.h"

// Functions that are not worth their own vector code: those of float64 and complex64, and the rarer
// ones of float32, by the standard library.

namespace quern::cpu {

namespace {

template <auto function, typename In, typename Out = In>
void map_one(const void* const* in, void* out, size_t n) {
  const In* a = static_cast<const In*>(in[0]);
  Out* to = static_cast<Out*>(out);
  for (size_t i = 0; i < n; ++i) to[i] = function(a[i]);
}

template <auto function, typename In, typename Out = In>
void map_two(const void* const* in, void* out, size_t n) {
  const In* a = static_cast<const In*>(in[0]);
  const In* b = static_cast<const In*>(in[1]);
  Out* to = static_cast<Out*>(out);
  for (size_t i = 0; i < n; ++i) to[i] = function(a[i], b[i]);
}

/// In double, where Newton's method on erf takes the float32 approximation to full precision.
double inverse_erf(double y) {
  if (!(std::fabs(y) < 1)) return y == 1 || y == -1 ? y * INFINITY : NAN;
  const double w = -std::log1p(-y * y);
  const double a = 0.147, b = 2 / (std::numbers::pi * a) - w / 2;  // Winitzki's starting point
  double x = std::copysign(std::sqrt(std::sqrt(b * b + w / a) - b), y);
  for (int i = 0; i < 4; ++i) {
    x -= (std::erf(x) - y) / (2 * std::numbers::inv_sqrtpi * std::exp(-x * x));
  }
  return x;
}

double add_exponentials(double a, double b) {
  const double high = a > b ? a : b, low = a > b ? b : a;
  if (std::isnan(a) || std::isnan(b)) return a + b;
  return std::isinf(high) ? high : high + std::log1p(std::exp(low - high));
}

template <typename T>
void add_functions(TileTable& t) {
  constexpr Dtype dtype = dtype_of<T>();
  t.add<Log10>(dtype, map_one<[](T x) { return std::log10(x); }, T>);
  t.add<Tan>(dtype, map_one<[](T x) { return std::tan(x); }, T>);
  t.add<ArcSin>(dtype, map_one<[](T x) { return std::asin(x); }, T>);
  t.add<ArcCos>(dtype, map_one<[](T x) { return std::acos(x); }, T>);
  t.add<ArcTan>(dtype, map_one<[](T x) { return std::atan(x); }, T>);
  t.add<Sinh>(dtype, map_one<[](T x) { return std::sinh(x); }, T>);
  t.add<Cosh>(dtype, map_one<[](T x) { return std::cosh(x); }, T>);
  t.add<ArcSinh>(dtype, map_one<[](T x) { return std::asinh(x); }, T>);
  t.add<ArcCosh>(dtype, map_one<[](T x) { return std::acosh(x); }, T>);
  t.add<ArcTanh>(dtype, map_one<[](T x) { return std::atanh(x); }, T>);
}

void add_real(TileTable& t) {
  add_functions<float>(t);
  add_functions<double>(t);
  t.add<Log2>(float32, map_one<[](float x) { return std::log2(x); }, float>);
  t.add<ArcTan2>(float32, map_two<[](float y, float x) { return std::atan2(y, x); }, float>);
  t.add<Log2>(float64, map_one<[](double x) { return std::log2(x); }, double>);
  t.add<ArcTan2>(float64, map_two<[](double y, double x) { return std::atan2(y, x); }, double>);
  t.add<Exp>(float64, map_one<[](double x) { return std::exp(x); }, double>);
  t.add<Expm1>(float64, map_one<[](double x) { return std::expm1(x); }, double>);
  t.add<Log>(float64, map_one<[](double x) { return std::log(x); }, double>);
  t.add<Log1p>(float64, map_one<[](double x) { return std::log1p(x); }, double>);
  t.add<Sin>(float64, map_one<[](double x) { return std::sin(x); }, double>);
  t.add<Cos>(float64, map_one<[](double x) { return std::cos(x); }, double>);
  t.add<Tanh>(float64, map_one<[](double x) { return std::tanh(x); }, double>);
  t.add<Sigmoid>(float64, map_one<[](double x) { return 1 / (1 + std::exp(-x)); }, double>);
  t.add<Erf>(float64, map_one<[](double x) { return std::erf(x); }, double>);
  t.add<ErfInv>(float64, map_one<inverse_erf, double>);
  t.add<LogAddExp>(float64, map_two<add_exponentials, double>);
}

// complex64

using C = complex64_t;
using Wide = std::complex<double>;

/// By real part, then by imaginary part.
bool before(C a, C b) {
  return a.real() < b.real() || (a.real() == b.real() && a.imag() < b.imag());
}
bool is_nan(C x) { return std::isnan(x.real()) || std::isnan(x.imag()); }
bool is_inf(C x) { return std::isinf(x.real()) || std::isinf(x.imag()); }

C larger(C a, C b) { return is_nan(a) || (!is_nan(b) && before(b, a)) ? a : b; }
C smaller(C a, C b) { return is_nan(a) || (!is_nan(b) && before(a, b)) ? a : b; }

C complex_log1p(C x) {
  // |1 + x|^2 - 1, without adding the small to the large first
  const double re = x.real(), im = x.imag();
  return C(float(0.5 * std::log1p(re * (2 + re) + im * im)), float(std::atan2(im, 1 + re)));
}

C complex_power(C base, C exponent) {
  if (base == C(0)) return exponent == C(0) ? C(1) : C(0);
  return C(std::pow(Wide(base), Wide(exponent)));
}

C complex_logaddexp(C a, C b) {
  const Wide high = before(a, b) ? b : a, low = before(a, b) ? a : b;
  if (std::isinf(high.real())) return C(high);
  return C(high + std::log(1.0 + std::exp(low - high)));
}

void add_complex_arithmetic(TileTable& t) {
  t.add<Add>(complex64, map_two<[](C a, C b) { return a + b; }, C>);
  t.add<Subtract>(complex64, map_two<[](C a, C b) { return a - b; }, C>);
  t.add<Multiply>(complex64, map_two<[](C a, C b) { return a * b; }, C>);
  t.add<Divide>(complex64, map_two<[](C a, C b) { return a / b; }, C>);
  t.add<Power>(complex64, map_two<complex_power, C>);
  t.add<LogAddExp>(complex64, map_two<complex_logaddexp, C>);
  t.add<Maximum>(complex64, map_two<larger, C>);
  t.add<Minimum>(complex64, map_two<smaller, C>);
  t.add<Equal>(complex64, map_two<[](C a, C b) { return a == b; }, C, bool>);
  t.add<NotEqual>(complex64, map_two<[](C a, C b) { return a != b; }, C, bool>);
  t.add<Less>(complex64, map_two<before, C, bool>);
  t.add<Greater>(complex64, map_two<[](C a, C b) { return before(b, a); }, C, bool>);
  t.add<LessEqual>(complex64, map_two<[](C a, C b) { return a == b || before(a, b); }, C, bool>);
  t.add<GreaterEqual>(complex64, map_two<[](C a, C b) { return a == b || before(b, a); }, C, bool>);
  t.add<IsNaN>(complex64, map_one<is_nan, C, bool>);
  t.add<IsInf>(complex64, map_one<is_inf, C, bool>);
  t.add<IsFinite>(complex64, map_one<[](C x) { return !is_nan(x) && !is_inf(x); }, C, bool>);
  t.add<IsPosInf>(complex64, map_one<[](C x) { return x.real() == INFINITY; }, C, bool>);
  t.add<IsNegInf>(complex64, map_one<[](C x) { return x.real() == -INFINITY; }, C, bool>);
}

void add_complex_functions(TileTable& t) {
  t.add<Abs>(complex64, map_one<[](C x) { return std::abs(x); }, C, float>);
  t.add<Real>(complex64, map_one<[](C x) { return x.real(); }, C, float>);
  t.add<Imag>(complex64, map_one<[](C x) { return x.imag(); }, C, float>);
  t.add<Conjugate>(complex64, map_one<[](C x) { return std::conj(x); }, C>);
  t.add<Negative>(complex64, map_one<[](C x) { return -x; }, C>);
  t.add<Square>(complex64, map_one<[](C x) { return x * x; }, C>);
  t.add<Sign>(complex64, map_one<[](C x) { return x == C(0) ? x : x / std::abs(x); }, C>);
  t.add<Reciprocal>(complex64, map_one<[](C x) { return C(1) / x; }, C>);
  t.add<Sqrt>(complex64, map_one<[](C x) { return std::sqrt(x); }, C>);
  t.add<Rsqrt>(complex64, map_one<[](C x) { return C(1) / std::sqrt(x); }, C>);
  t.add<Exp>(complex64, map_one<[](C x) { return std::exp(x); }, C>);
  t.add<Expm1>(complex64, map_one<[](C x) { return C(std::exp(Wide(x)) - 1.0); }, C>);
  t.add<Log>(complex64, map_one<[](C x) { return std::log(x); }, C>);
  t.add<Log2>(complex64, map_one<[](C x) { return std::log(x) * float(std::numbers::log2e); }, C>);
  t.add<Log1p>(complex64, map_one<complex_log1p, C>);
  t.add<Sin>(complex64, map_one<[](C x) { return std::sin(x); }, C>);
  t.add<Cos>(complex64, map_one<[](C x) { return std::cos(x); }, C>);
  t.add<Tanh>(complex64, map_one<[](C x) { return std::tanh(x); }, C>);
  t.add<Sigmoid>(complex64, map_one<[](C x) { return C(1) / (C(1) + std::exp(-x)); }, C>);
  add_functions<C>(t);
}

}  // namespace

void add_wide_math_tiles(TileTable& table) {
  add_real(table);
  add_complex_arithmetic(table);
  add_complex_functions(table);
}

}  // namespace quern::cpu
