#include "engine/c/reduce.h"

#include "engine/c/adapt.h"
#include "engine/ops/reduce.h"

using namespace quern::c;

int quern_all(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::all)>(out, a, keepdims, s);
}
int quern_all_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::all)>(out, a, list(axes, axes_count), keepdims, s);
}
int quern_all_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::all)>(out, a, axis, keepdims, s);
}
int quern_any(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::any)>(out, a, keepdims, s);
}
int quern_any_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::any)>(out, a, list(axes, axes_count), keepdims, s);
}
int quern_any_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::any)>(out, a, axis, keepdims, s);
}
int quern_sum(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::sum)>(out, a, keepdims, s);
}
int quern_sum_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::sum)>(out, a, list(axes, axes_count), keepdims, s);
}
int quern_sum_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::sum)>(out, a, axis, keepdims, s);
}
int quern_prod(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::prod)>(out, a, keepdims, s);
}
int quern_prod_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                    bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::prod)>(out, a, list(axes, axes_count), keepdims, s);
}
int quern_prod_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::prod)>(out, a, axis, keepdims, s);
}
int quern_max(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::max)>(out, a, keepdims, s);
}
int quern_max_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::max)>(out, a, list(axes, axes_count), keepdims, s);
}
int quern_max_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::max)>(out, a, axis, keepdims, s);
}
int quern_min(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::min)>(out, a, keepdims, s);
}
int quern_min_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::min)>(out, a, list(axes, axes_count), keepdims, s);
}
int quern_min_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::min)>(out, a, axis, keepdims, s);
}
int quern_mean(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::mean)>(out, a, keepdims, s);
}
int quern_mean_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                    bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::mean)>(out, a, list(axes, axes_count), keepdims, s);
}
int quern_mean_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::mean)>(out, a, axis, keepdims, s);
}
int quern_median(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::median)>(out, a, keepdims, s);
}
int quern_median_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                      bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::median)>(out, a, list(axes, axes_count), keepdims,
                                                        s);
}
int quern_median_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::median)>(out, a, axis, keepdims, s);
}
int quern_logsumexp(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::logsumexp)>(out, a, keepdims, s);
}
int quern_logsumexp_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                         bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::logsumexp)>(out, a, list(axes, axes_count), keepdims,
                                                           s);
}
int quern_logsumexp_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::logsumexp)>(out, a, axis, keepdims, s);
}
int quern_count_nonzero(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::count_nonzero)>(out, a, keepdims, s);
}
int quern_count_nonzero_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                             bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::count_nonzero)>(out, a, list(axes, axes_count),
                                                               keepdims, s);
}
int quern_count_nonzero_axis(quern_array* out, quern_array a, int axis, bool keepdims,
                             quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::count_nonzero)>(out, a, axis, keepdims, s);
}
int quern_var(quern_array* out, quern_array a, bool keepdims, int ddof, quern_stream s) {
  return call<Op<ArrayIn, bool, int>(quern::var)>(out, a, keepdims, ddof, s);
}
int quern_var_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, int ddof, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool, int>(quern::var)>(out, a, list(axes, axes_count), keepdims,
                                                          ddof, s);
}
int quern_var_axis(quern_array* out, quern_array a, int axis, bool keepdims, int ddof,
                   quern_stream s) {
  return call<Op<ArrayIn, int, bool, int>(quern::var)>(out, a, axis, keepdims, ddof, s);
}
int quern_std(quern_array* out, quern_array a, bool keepdims, int ddof, quern_stream s) {
  return call<Op<ArrayIn, bool, int>(quern::std)>(out, a, keepdims, ddof, s);
}
int quern_std_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, int ddof, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool, int>(quern::std)>(out, a, list(axes, axes_count), keepdims,
                                                          ddof, s);
}
int quern_std_axis(quern_array* out, quern_array a, int axis, bool keepdims, int ddof,
                   quern_stream s) {
  return call<Op<ArrayIn, int, bool, int>(quern::std)>(out, a, axis, keepdims, ddof, s);
}
int quern_softmax(quern_array* out, quern_array a, bool precise, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::softmax)>(out, a, precise, s);
}
int quern_softmax_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                       bool precise, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, bool>(quern::softmax)>(out, a, list(axes, axes_count), precise,
                                                         s);
}
int quern_softmax_axis(quern_array* out, quern_array a, int axis, bool precise, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::softmax)>(out, a, axis, precise, s);
}
int quern_argmax(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::argmax)>(out, a, keepdims, s);
}
int quern_argmax_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::argmax)>(out, a, axis, keepdims, s);
}
int quern_argmin(quern_array* out, quern_array a, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, bool>(quern::argmin)>(out, a, keepdims, s);
}
int quern_argmin_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s) {
  return call<Op<ArrayIn, int, bool>(quern::argmin)>(out, a, axis, keepdims, s);
}
int quern_number_of_elements(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                             bool inverted, quern_dtype dtype, quern_stream s) {
  return call<quern::number_of_elements>(out, a, list(axes, axes_count), inverted, dtype, s);
}
