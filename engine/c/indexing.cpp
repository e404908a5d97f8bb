#include "engine/c/indexing.h"

#include "engine/c/adapt.h"
#include "engine/ops/indexing.h"

using namespace quern::c;

int quern_gather(quern_array* out, quern_array a, quern_vector_array indices, const int* axes,
                 size_t axes_count, const int* slice_sizes, size_t slice_sizes_count,
                 quern_stream s) {
  return call<Op<ArrayIn, ArraysIn, AxesIn, ShapeIn>(quern::gather)>(
      out, a, indices, list(axes, axes_count), list(slice_sizes, slice_sizes_count), s);
}
int quern_take(quern_array* out, quern_array a, quern_array indices, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn>(quern::take)>(out, a, indices, s);
}
int quern_take_axis(quern_array* out, quern_array a, quern_array indices, int axis,
                    quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, int>(quern::take)>(out, a, indices, axis, s);
}
int quern_take_along_axis(quern_array* out, quern_array a, quern_array indices, int axis,
                          quern_stream s) {
  return call<quern::take_along_axis>(out, a, indices, axis, s);
}
int quern_put_along_axis(quern_array* out, quern_array a, quern_array indices, quern_array values,
                         int axis, quern_stream s) {
  return call<quern::put_along_axis>(out, a, indices, values, axis, s);
}
int quern_scatter(quern_array* out, quern_array a, quern_vector_array indices, quern_array updates,
                  const int* axes, size_t axes_count, quern_stream s) {
  return call<Op<ArrayIn, ArraysIn, ArrayIn, AxesIn>(quern::scatter)>(out, a, indices, updates,
                                                                      list(axes, axes_count), s);
}
int quern_scatter_add(quern_array* out, quern_array a, quern_vector_array indices,
                      quern_array updates, const int* axes, size_t axes_count, quern_stream s) {
  return call<Op<ArrayIn, ArraysIn, ArrayIn, AxesIn>(quern::scatter_add)>(
      out, a, indices, updates, list(axes, axes_count), s);
}
int quern_scatter_prod(quern_array* out, quern_array a, quern_vector_array indices,
                       quern_array updates, const int* axes, size_t axes_count, quern_stream s) {
  return call<Op<ArrayIn, ArraysIn, ArrayIn, AxesIn>(quern::scatter_prod)>(
      out, a, indices, updates, list(axes, axes_count), s);
}
int quern_scatter_max(quern_array* out, quern_array a, quern_vector_array indices,
                      quern_array updates, const int* axes, size_t axes_count, quern_stream s) {
  return call<Op<ArrayIn, ArraysIn, ArrayIn, AxesIn>(quern::scatter_max)>(
      out, a, indices, updates, list(axes, axes_count), s);
}
int quern_scatter_min(quern_array* out, quern_array a, quern_vector_array indices,
                      quern_array updates, const int* axes, size_t axes_count, quern_stream s) {
  return call<Op<ArrayIn, ArraysIn, ArrayIn, AxesIn>(quern::scatter_min)>(
      out, a, indices, updates, list(axes, axes_count), s);
}
int quern_scatter_add_axis(quern_array* out, quern_array a, quern_array indices, quern_array values,
                           int axis, quern_stream s) {
  return call<quern::scatter_add_axis>(out, a, indices, values, axis, s);
}
int quern_masked_scatter(quern_array* out, quern_array a, quern_array mask, quern_array src,
                         quern_stream s) {
  return call<quern::masked_scatter>(out, a, mask, src, s);
}
