// float32 functions on Highway vectors, compiled per target: included by kernels after
// hwy/foreach_target.h. d is a tag of float lanes; errors are a few units in the last place unless
// a function says more. Polynomials were fitted at Chebyshev nodes to exact values.

#if defined(QUERN_MATH_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_MATH_INL_H
#undef QUERN_MATH_INL_H
#else
#define QUERN_MATH_INL_H
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr float infinity = __builtin_inff();

/// c[0] + c[1] x + c[2] x^2 + ...
template <class D, class V, size_t n>
HWY_INLINE V polynomial(D d, V x, const float (&c)[n]) {
  V sum = hn::Set(d, c[n - 1]);
  for (size_t i = n - 1; i-- > 0;) sum = hn::MulAdd(sum, x, hn::Set(d, c[i]));
  return sum;
}

/// 2^n for whole n in [-126, 127].
template <class D, class VI>
HWY_INLINE hn::Vec<D> power_of_two(D d, VI n) {
  const hn::RebindToSigned<D> di;
  return hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(n, hn::Set(di, 127))));
}

/// p 2^whole, rounded once, for whole numbers in [-252, 254] of no fraction.
template <class D, class V>
HWY_INLINE V scaled(D d, V p, V whole) {
#if HWY_TARGET <= HWY_AVX3
  if constexpr (hn::MaxLanes(d) == 16) return V{_mm512_scalef_ps(p.raw, whole.raw)};
#endif
  // In two halves, so that denormal and huge results come out right.
  const auto n = hn::NearestInt(whole), half = hn::ShiftRight<1>(n);
  return hn::Mul(hn::Mul(p, power_of_two(d, half)), power_of_two(d, hn::Sub(n, half)));
}

/// exp(r) - 1 where x = whole * ln 2 + r and |r| <= ln 2 / 2.
template <class D, class V>
HWY_INLINE V expm1_beyond(D d, V x, V whole) {
  V r = hn::NegMulAdd(whole, hn::Set(d, 0x1.62e4p-1f),
                      x);  // ln 2 in two parts, the first exact times whole
  r = hn::NegMulAdd(whole, hn::Set(d, 0x1.7f7d1cp-20f), r);
  constexpr float c[] = {0.5f, 0x1.5554d8p-3f, 0x1.555516p-5f, 0x1.12106cp-7f, 0x1.6d1606p-10f};
  return hn::MulAdd(hn::Mul(r, r), polynomial(d, r, c), r);
}

/// x = n ln 2 + r with whole n and |r| <= ln 2 / 2; returns exp(r) - 1.
template <class D, class V, class VI>
HWY_INLINE V reduced_expm1(D d, V x, VI& n) {
  n = hn::NearestInt(hn::Mul(x, hn::Set(d, 0x1.715476p+0f)));
  return expm1_beyond(d, x, hn::ConvertTo(d, n));
}

template <class D, class V>
HWY_INLINE V exp_of(D d, V x) {
  // Beyond these bounds the result is 0 or infinite.
  const V clamped = hn::Min(hn::Max(x, hn::Set(d, -104.0f)), hn::Set(d, 89.0f));
  const V whole = hn::Round(hn::Mul(clamped, hn::Set(d, 0x1.715476p+0f)));
  const V p = hn::Add(expm1_beyond(d, clamped, whole), hn::Set(d, 1.0f));
  const V result = scaled(d, p, whole);
  return hn::IfThenElse(hn::Eq(x, x), result, x);
}

template <class D, class V>
HWY_INLINE V expm1_of(D d, V x) {
  const V clamped = hn::Min(hn::Max(x, hn::Set(d, -18.0f)), hn::Set(d, 89.0f));
  hn::VFromD<hn::RebindToSigned<D>> n;
  const V p = reduced_expm1(d, clamped, n);
  // 2^n (p + 1) - 1, keeping p's digits; half the scale at a time because 2^128 is no float.
  const V scale = power_of_two(d, hn::Sub(n, hn::Set(hn::RebindToSigned<D>(), 1)));
  const V half = hn::Set(d, 0.5f);
  const V result = hn::Mul(hn::MulAdd(scale, p, hn::Sub(scale, half)), hn::Set(d, 2.0f));
  return hn::IfThenElse(hn::Eq(x, x), hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, result), x);
}

template <class D, class V>
HWY_INLINE V log_of(D d, V x) {
  const hn::RebindToSigned<D> di;
  const auto denormal = hn::Lt(x, hn::Set(d, 0x1p-126f));
  const V scaled = hn::IfThenElse(denormal, hn::Mul(x, hn::Set(d, 0x1p25f)), x);
  // scaled = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)): adding the distance from the bits of
  // sqrt(1/2) to those of 1 makes the exponent field round at sqrt(2) instead of at 2.
  const auto bits = hn::Add(hn::BitCast(di, scaled), hn::Set(di, 0x3f800000 - 0x3f3504f3));
  const auto e = hn::Sub(hn::ShiftRight<23>(bits), hn::Set(di, 127));
  const auto mantissa = hn::Add(hn::And(bits, hn::Set(di, 0x007fffff)), hn::Set(di, 0x3f3504f3));
  const V f = hn::Sub(hn::BitCast(d, mantissa), hn::Set(d, 1.0f));
  const V exponent = hn::Sub(hn::ConvertTo(d, e), hn::IfThenElseZero(denormal, hn::Set(d, 25.0f)));
  constexpr float c[] = {0x1.555554p-2f,  -0x1.fffffcp-3f, 0x1.999d5ap-3f,
                         -0x1.555b4ap-3f, 0x1.23d21ap-3f,  -0x1.fcf4c6p-4f,
                         0x1.dea282p-4f,  -0x1.d635bcp-4f, 0x1.1d8ea6p-4f};
  const V square = hn::Mul(f, f);
  V tail = hn::Mul(hn::Mul(square, f), polynomial(d, f, c));
  tail = hn::MulAdd(exponent, hn::Set(d, 0x1.7f7d1cp-20f), tail);
  tail = hn::NegMulAdd(square, hn::Set(d, 0.5f), tail);
  V result = hn::MulAdd(exponent, hn::Set(d, 0x1.62e4p-1f), hn::Add(f, tail));
  result = hn::IfThenElse(hn::Lt(x, hn::Set(d, infinity)), result, x);  // infinity and NaN are kept
  result = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Set(d, -infinity), result);
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, __builtin_nanf("")), result);
}

template <class D, class V>
HWY_INLINE V log1p_of(D d, V x) {
  // log(u) of the rounded u = 1 + x, and to first order what the rounding lost.
  const V one = hn::Set(d, 1.0f);
  const V u = hn::Add(x, one);
  const V lost = hn::Div(hn::Sub(x, hn::Sub(u, one)), u);
  const auto finite = hn::And(hn::Gt(u, hn::Zero(d)), hn::Lt(u, hn::Set(d, infinity)));
  const V result = hn::Add(log_of(d, u), hn::IfThenElseZero(finite, lost));
  return hn::IfThenElse(hn::Eq(x, hn::Zero(d)), x, result);
}

template <class D, class V>
HWY_INLINE V sigmoid_of(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, exp_of(d, hn::Neg(x))));
}

template <class D, class V>
HWY_INLINE V tanh_of(D d, V x) {
  const V t = expm1_of(d, hn::Mul(hn::Abs(x), hn::Set(d, -2.0f)));
  const V size = hn::Div(hn::Neg(t), hn::Add(t, hn::Set(d, 2.0f)));
  return hn::CopySignToAbs(size, x);
}

template <class D, class V>
HWY_INLINE V erf_of(D d, V x) {
  const V size = hn::Abs(x);
  constexpr float near[] = {0x1.20dd74p+0f, -0x1.81273ep-2f, 0x1.ce2d1p-4f, -0x1.b7fabap-6f,
                            0x1.541270p-8f, -0x1.a4508p-11f, 0x1.4a569p-14f};
  const V small = hn::Mul(size, polynomial(d, hn::Mul(size, size), near));
  // Further out, the logarithm of what is missing to 1; from 4 on nothing is.
  constexpr float far[] = {-0x1.5116380p-12f, 0x1.21575cp+0f,  0x1.437d58p-1f,
                           0x1.c2edfp-4f,     -0x1.b0fb0ep-6f, 0x1.38105cp-8f,
                           -0x1.39237ap-11f,  0x1.82d2bap-15f, -0x1.b837aep-20f};
  const V missing = exp_of(d, hn::Neg(polynomial(d, hn::Min(size, hn::Set(d, 4.0f)), far)));
  const V large = hn::Sub(hn::Set(d, 1.0f), missing);
  const V result = hn::IfThenElse(hn::Lt(size, hn::Set(d, 1.0f)), small, large);
  return hn::IfThenElse(hn::Eq(x, x), hn::CopySignToAbs(result, x), x);
}

/// M. Giles, "Approximating the erfinv function" (2010): single precision, its coefficients.
template <class D, class V>
HWY_INLINE V erfinv_of(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V w = hn::Neg(log_of(d, hn::Mul(hn::Sub(one, x), hn::Add(one, x))));
  constexpr float central[] = {1.50140941f,     0.246640727f,    -0.00417768164f,
                               -0.00125372503f, 0.00021858087f,  -4.39150654e-06f,
                               -3.5233877e-06f, 3.43273939e-07f, 2.81022636e-08f};
  constexpr float tail[] = {2.83297682f,    1.00167406f,     0.00943887047f,
                            -0.0076224613f, 0.00573950773f,  -0.00367342844f,
                            0.00134934322f, 0.000100950558f, -0.000200214257f};
  const V p = hn::IfThenElse(hn::Lt(w, hn::Set(d, 5.0f)),
                             polynomial(d, hn::Sub(w, hn::Set(d, 2.5f)), central),
                             polynomial(d, hn::Sub(hn::Sqrt(w), hn::Set(d, 3.0f)), tail));
  const auto edge = hn::Eq(hn::Abs(x), one);
  return hn::Mul(hn::IfThenElse(edge, hn::Set(d, infinity), p), x);
}

/// log(exp(a) + exp(b)).
template <class D, class V>
HWY_INLINE V logaddexp_of(D d, V a, V b) {
  const V high = hn::IfThenElse(hn::Gt(a, b), a, b), low = hn::IfThenElse(hn::Gt(a, b), b, a);
  const V result = hn::Add(high, log1p_of(d, exp_of(d, hn::Sub(low, high))));
  // Equal infinities have no difference to speak of; a NaN compares with nothing.
  const V equal = hn::IfThenElse(hn::Eq(hn::Abs(high), hn::Set(d, infinity)), high, result);
  return hn::IfThenElse(hn::Eq(hn::Add(hn::Abs(a), hn::Abs(b)), hn::Add(hn::Abs(a), hn::Abs(b))),
                        equal, hn::Add(a, b));
}

}  // namespace
}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
