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
