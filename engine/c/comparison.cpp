#include "engine/c/comparison.h"

#include "engine/c/adapt.h"
#include "engine/ops/comparison.h"

using namespace quern::c;

int quern_equal(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::equal>(out, a, b, s);
}
int quern_not_equal(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::not_equal>(out, a, b, s);
}
int quern_greater(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::greater>(out, a, b, s);
}
int quern_greater_equal(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::greater_equal>(out, a, b, s);
}
int quern_less(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::less>(out, a, b, s);
}
int quern_less_equal(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::less_equal>(out, a, b, s);
}
int quern_logical_and(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::logical_and>(out, a, b, s);
}
int quern_logical_or(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::logical_or>(out, a, b, s);
}
int quern_logical_xor(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::logical_xor>(out, a, b, s);
}
int quern_logical_not(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::logical_not>(out, a, s);
}
int quern_isnan(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::isnan>(out, a, s);
}
int quern_isinf(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::isinf>(out, a, s);
}
int quern_isfinite(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::isfinite>(out, a, s);
}
int quern_isposinf(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::isposinf>(out, a, s);
}
int quern_isneginf(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::isneginf>(out, a, s);
}
int quern_array_equal(quern_array* out, quern_array a, quern_array b, bool equal_nan,
                      quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, bool>(quern::array_equal)>(out, a, b, equal_nan, s);
}
int quern_isclose(quern_array* out, quern_array a, quern_array b, double rtol, double atol,
                  bool equal_nan, quern_stream s) {
  return call<quern::isclose>(out, a, b, rtol, atol, equal_nan, s);
}
int quern_allclose(quern_array* out, quern_array a, quern_array b, double rtol, double atol,
                   bool equal_nan, quern_stream s) {
  return call<quern::allclose>(out, a, b, rtol, atol, equal_nan, s);
}
int quern_where(quern_array* out, quern_array condition, quern_array x, quern_array y,
                quern_stream s) {
  return call<quern::where>(out, condition, x, y, s);
}

int quern_clip(quern_array* out, quern_array a, quern_array a_min, quern_array a_max,
               quern_stream s) {
  return call<quern::clip>(out, a, a_min, a_max, s);
}
int quern_nan_to_num(quern_array* out, quern_array a, float nan, quern_optional_float posinf,
                     quern_optional_float neginf, quern_stream s) {
  return call<quern::nan_to_num>(out, a, nan, posinf, neginf, s);
}
