#include "engine/c/unary.h"

#include "engine/c/adapt.h"
#include "engine/ops/unary.h"

using namespace quern::c;

int quern_abs(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::abs>(out, a, s);
}
int quern_negative(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::negative>(out, a, s);
}
int quern_positive(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::positive>(out, a, s);
}
int quern_sign(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::sign>(out, a, s);
}
int quern_square(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::square>(out, a, s);
}
int quern_floor(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::floor>(out, a, s);
}
int quern_ceil(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::ceil>(out, a, s);
}
int quern_trunc(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::trunc>(out, a, s);
}
int quern_round(quern_array* out, quern_array a, int decimals, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::round)>(out, a, decimals, s);
}
int quern_real(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::real>(out, a, s);
}
int quern_imag(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::imag>(out, a, s);
}
int quern_conjugate(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::conjugate>(out, a, s);
}
int quern_reciprocal(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::reciprocal>(out, a, s);
}
int quern_sqrt(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::sqrt>(out, a, s);
}
int quern_rsqrt(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::rsqrt>(out, a, s);
}
int quern_exp(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::exp>(out, a, s);
}
int quern_expm1(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::expm1>(out, a, s);
}
int quern_log(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::log>(out, a, s);
}
int quern_log2(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::log2>(out, a, s);
}
int quern_log10(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::log10>(out, a, s);
}
int quern_log1p(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::log1p>(out, a, s);
}
int quern_sin(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::sin>(out, a, s);
}
int quern_cos(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::cos>(out, a, s);
}
int quern_tan(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::tan>(out, a, s);
}
int quern_arcsin(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::arcsin>(out, a, s);
}
int quern_arccos(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::arccos>(out, a, s);
}
int quern_arctan(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::arctan>(out, a, s);
}
int quern_sinh(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::sinh>(out, a, s);
}
int quern_cosh(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::cosh>(out, a, s);
}
int quern_tanh(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::tanh>(out, a, s);
}
int quern_arcsinh(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::arcsinh>(out, a, s);
}
int quern_arccosh(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::arccosh>(out, a, s);
}
int quern_arctanh(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::arctanh>(out, a, s);
}
int quern_degrees(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::degrees>(out, a, s);
}
int quern_radians(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::radians>(out, a, s);
}
int quern_sigmoid(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::sigmoid>(out, a, s);
}
int quern_erf(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::erf>(out, a, s);
}
int quern_erfinv(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::erfinv>(out, a, s);
}
