#include "engine/c/scan.h"

#include "engine/c/adapt.h"
#include "engine/ops/scan.h"

using namespace quern::c;

int quern_cumsum(quern_array* out, quern_array a, bool reverse, bool inclusive,
                 quern_optional_dtype dtype, quern_stream s) {
  return call<Op<ArrayIn, bool, bool, std::optional<Dtype>>(quern::cumsum)>(out, a, reverse,
                                                                            inclusive, dtype, s);
}
int quern_cumsum_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                      quern_optional_dtype dtype, quern_stream s) {
  return call<Op<ArrayIn, int, bool, bool, std::optional<Dtype>>(quern::cumsum)>(
      out, a, axis, reverse, inclusive, dtype, s);
}
int quern_cumprod(quern_array* out, quern_array a, bool reverse, bool inclusive,
                  quern_optional_dtype dtype, quern_stream s) {
  return call<Op<ArrayIn, bool, bool, std::optional<Dtype>>(quern::cumprod)>(out, a, reverse,
                                                                             inclusive, dtype, s);
}
int quern_cumprod_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                       quern_optional_dtype dtype, quern_stream s) {
  return call<Op<ArrayIn, int, bool, bool, std::optional<Dtype>>(quern::cumprod)>(
      out, a, axis, reverse, inclusive, dtype, s);
}
int quern_cummax(quern_array* out, quern_array a, bool reverse, bool inclusive, quern_stream s) {
  return call<Op<ArrayIn, bool, bool>(quern::cummax)>(out, a, reverse, inclusive, s);
}
int quern_cummax_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                      quern_stream s) {
  return call<Op<ArrayIn, int, bool, bool>(quern::cummax)>(out, a, axis, reverse, inclusive, s);
}
int quern_cummin(quern_array* out, quern_array a, bool reverse, bool inclusive, quern_stream s) {
  return call<Op<ArrayIn, bool, bool>(quern::cummin)>(out, a, reverse, inclusive, s);
}
int quern_cummin_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                      quern_stream s) {
  return call<Op<ArrayIn, int, bool, bool>(quern::cummin)>(out, a, axis, reverse, inclusive, s);
}
int quern_logcumsumexp(quern_array* out, quern_array a, bool reverse, bool inclusive,
                       quern_stream s) {
  return call<Op<ArrayIn, bool, bool>(quern::logcumsumexp)>(out, a, reverse, inclusive, s);
}
int quern_logcumsumexp_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                            quern_stream s) {
  return call<Op<ArrayIn, int, bool, bool>(quern::logcumsumexp)>(out, a, axis, reverse, inclusive,
                                                                 s);
}
int quern_diff(quern_array* out, quern_array a, int n, int axis, quern_stream s) {
  return call<quern::diff>(out, a, n, axis, s);
}
