#include "engine/c/products.h"

#include "engine/c/adapt.h"
#include "engine/ops/products.h"

using namespace quern::c;

int quern_tensordot(quern_array* out, quern_array a, quern_array b, int axis, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, const int>(quern::tensordot)>(out, a, b, axis, s);
}
int quern_tensordot_axes(quern_array* out, quern_array a, quern_array b, const int* axes_a,
                         size_t axes_a_count, const int* axes_b, size_t axes_b_count,
                         quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, AxesIn, AxesIn>(quern::tensordot)>(
      out, a, b, list(axes_a, axes_a_count), list(axes_b, axes_b_count), s);
}
int quern_outer(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::outer>(out, a, b, s);
}
int quern_inner(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::inner>(out, a, b, s);
}
int quern_vecdot(quern_array* out, quern_array a, quern_array b, int axis, quern_stream s) {
  return call<quern::vecdot>(out, a, b, axis, s);
}
int quern_kron(quern_array* out, quern_array a, quern_array b, quern_stream s) {
  return call<quern::kron>(out, a, b, s);
}
