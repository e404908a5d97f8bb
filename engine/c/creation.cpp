#include "engine/c/creation.h"

#include "engine/c/adapt.h"
#include "engine/ops/creation.h"

using namespace quern::c;

int quern_arange(quern_array* out, double start, double stop, double step, quern_dtype dtype,
                 quern_stream s) {
  return call<Op<double, double, double, Dtype>(quern::arange)>(out, start, stop, step, dtype, s);
}
int quern_linspace(quern_array* out, double start, double stop, int num, bool endpoint,
                   quern_dtype dtype, quern_stream s) {
  return call<Op<double, double, int, bool, Dtype>(quern::linspace)>(out, start, stop, num,
                                                                     endpoint, dtype, s);
}
int quern_full(quern_array* out, const int* shape, size_t ndim, quern_array values,
               quern_dtype dtype, quern_stream s) {
  return call<Op<Shape, array, Dtype>(quern::full)>(out, list(shape, ndim), values, dtype, s);
}
int quern_full_like(quern_array* out, quern_array a, quern_array values, quern_dtype dtype,
                    quern_stream s) {
  return call<Op<ArrayIn, array, Dtype>(quern::full_like)>(out, a, values, dtype, s);
}
int quern_zeros(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype,
                quern_stream s) {
  return call<Op<ShapeIn, Dtype>(quern::zeros)>(out, list(shape, ndim), dtype, s);
}
int quern_zeros_like(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::zeros_like)>(out, a, s);
}
int quern_ones(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype, quern_stream s) {
  return call<Op<ShapeIn, Dtype>(quern::ones)>(out, list(shape, ndim), dtype, s);
}
int quern_ones_like(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::ones_like)>(out, a, s);
}
int quern_eye(quern_array* out, int n, int m, int k, quern_dtype dtype, quern_stream s) {
  return call<Op<int, int, int, Dtype>(quern::eye)>(out, n, m, k, dtype, s);
}
int quern_identity(quern_array* out, int n, quern_dtype dtype, quern_stream s) {
  return call<Op<int, Dtype>(quern::identity)>(out, n, dtype, s);
}
int quern_tri(quern_array* out, int n, int m, int k, quern_dtype dtype, quern_stream s) {
  return call<Op<int, int, int, Dtype>(quern::tri)>(out, n, m, k, dtype, s);
}
int quern_tril(quern_array* out, quern_array a, int k, quern_stream s) {
  return call<quern::tril>(out, a, k, s);
}
int quern_triu(quern_array* out, quern_array a, int k, quern_stream s) {
  return call<quern::triu>(out, a, k, s);
}
int quern_hanning(quern_array* out, int m, quern_stream s) {
  return call<quern::hanning>(out, m, s);
}
int quern_hamming(quern_array* out, int m, quern_stream s) {
  return call<quern::hamming>(out, m, s);
}
int quern_bartlett(quern_array* out, int m, quern_stream s) {
  return call<quern::bartlett>(out, m, s);
}
int quern_blackman(quern_array* out, int m, quern_stream s) {
  return call<quern::blackman>(out, m, s);
}
