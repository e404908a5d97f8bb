#include "engine/c/shape.h"

#include "engine/c/adapt.h"
#include "engine/ops/shape.h"

using namespace quern::c;

int quern_reshape(quern_array* out, quern_array a, const int* shape, size_t ndim, quern_stream s) {
  return call<quern::reshape>(out, a, list(shape, ndim), s);
}
int quern_unflatten(quern_array* out, quern_array a, int axis, const int* shape, size_t ndim,
                    quern_stream s) {
  return call<quern::unflatten>(out, a, axis, list(shape, ndim), s);
}
int quern_flatten(quern_array* out, quern_array a, int start_axis, int end_axis, quern_stream s) {
  return call<Op<ArrayIn, int, int>(quern::flatten)>(out, a, start_axis, end_axis, s);
}
int quern_squeeze(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::squeeze)>(out, a, s);
}
int quern_squeeze_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                       quern_stream s) {
  return call<Op<ArrayIn, AxesIn>(quern::squeeze)>(out, a, list(axes, axes_count), s);
}
int quern_squeeze_axis(quern_array* out, quern_array a, int axis, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::squeeze)>(out, a, axis, s);
}
int quern_expand_dims_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                           quern_stream s) {
  return call<Op<ArrayIn, AxesIn>(quern::expand_dims)>(out, a, list(axes, axes_count), s);
}
int quern_expand_dims(quern_array* out, quern_array a, int axis, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::expand_dims)>(out, a, axis, s);
}
int quern_transpose(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::transpose)>(out, a, s);
}
int quern_transpose_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                         quern_stream s) {
  return call<Op<ArrayIn, std::vector<int>>(quern::transpose)>(out, a, list(axes, axes_count), s);
}
int quern_swapaxes(quern_array* out, quern_array a, int axis1, int axis2, quern_stream s) {
  return call<quern::swapaxes>(out, a, axis1, axis2, s);
}
int quern_moveaxis(quern_array* out, quern_array a, int source, int destination, quern_stream s) {
  return call<quern::moveaxis>(out, a, source, destination, s);
}
int quern_broadcast_to(quern_array* out, quern_array a, const int* shape, size_t ndim,
                       quern_stream s) {
  return call<quern::broadcast_to>(out, a, list(shape, ndim), s);
}
int quern_broadcast_arrays(quern_vector_array* out, quern_vector_array inputs, quern_stream s) {
  return call<quern::broadcast_arrays>(out, inputs, s);
}

int quern_slice(quern_array* out, quern_array a, const int* start, const int* stop,
                const int* strides, size_t ndim, quern_stream s) {
  return call<Op<ArrayIn, Shape, Shape, Shape>(quern::slice)>(
      out, a, list(start, ndim), list(stop, ndim), list(strides, ndim), s);
}
int quern_slice_update(quern_array* out, quern_array a, quern_array update, const int* start,
                       const int* stop, const int* strides, size_t ndim, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, Shape, Shape, Shape>(quern::slice_update)>(
      out, a, update, list(start, ndim), list(stop, ndim), list(strides, ndim), s);
}
int quern_slice_update_add(quern_array* out, quern_array a, quern_array update, const int* start,
                           const int* stop, const int* strides, size_t ndim, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, Shape, Shape, Shape>(quern::slice_update_add)>(
      out, a, update, list(start, ndim), list(stop, ndim), list(strides, ndim), s);
}
int quern_slice_update_prod(quern_array* out, quern_array a, quern_array update, const int* start,
                            const int* stop, const int* strides, size_t ndim, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, Shape, Shape, Shape>(quern::slice_update_prod)>(
      out, a, update, list(start, ndim), list(stop, ndim), list(strides, ndim), s);
}
int quern_slice_update_max(quern_array* out, quern_array a, quern_array update, const int* start,
                           const int* stop, const int* strides, size_t ndim, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, Shape, Shape, Shape>(quern::slice_update_max)>(
      out, a, update, list(start, ndim), list(stop, ndim), list(strides, ndim), s);
}
int quern_slice_update_min(quern_array* out, quern_array a, quern_array update, const int* start,
                           const int* stop, const int* strides, size_t ndim, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, Shape, Shape, Shape>(quern::slice_update_min)>(
      out, a, update, list(start, ndim), list(stop, ndim), list(strides, ndim), s);
}

int quern_slice_dynamic(quern_array* out, quern_array a, quern_array start, const int* axes,
                        size_t axes_count, const int* slice_size, size_t ndim, quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, std::vector<int>, Shape>(quern::slice)>(
      out, a, start, list(axes, axes_count), list(slice_size, ndim), s);
}
int quern_slice_update_dynamic(quern_array* out, quern_array a, quern_array update,
                               quern_array start, const int* axes, size_t axes_count,
                               quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, ArrayIn, std::vector<int>>(quern::slice_update)>(
      out, a, update, start, list(axes, axes_count), s);
}
int quern_slice_update_add_dynamic(quern_array* out, quern_array a, quern_array update,
                                   quern_array start, const int* axes, size_t axes_count,
                                   quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, ArrayIn, std::vector<int>>(quern::slice_update_add)>(
      out, a, update, start, list(axes, axes_count), s);
}
int quern_slice_update_prod_dynamic(quern_array* out, quern_array a, quern_array update,
                                    quern_array start, const int* axes, size_t axes_count,
                                    quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, ArrayIn, std::vector<int>>(quern::slice_update_prod)>(
      out, a, update, start, list(axes, axes_count), s);
}
int quern_slice_update_max_dynamic(quern_array* out, quern_array a, quern_array update,
                                   quern_array start, const int* axes, size_t axes_count,
                                   quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, ArrayIn, std::vector<int>>(quern::slice_update_max)>(
      out, a, update, start, list(axes, axes_count), s);
}
int quern_slice_update_min_dynamic(quern_array* out, quern_array a, quern_array update,
                                   quern_array start, const int* axes, size_t axes_count,
                                   quern_stream s) {
  return call<Op<ArrayIn, ArrayIn, ArrayIn, std::vector<int>>(quern::slice_update_min)>(
      out, a, update, start, list(axes, axes_count), s);
}

int quern_concatenate(quern_array* out, quern_vector_array arrays, int axis, quern_stream s) {
  return call<Op<Arrays, int>(quern::concatenate)>(out, arrays, axis, s);
}
int quern_stack(quern_array* out, quern_vector_array arrays, int axis, quern_stream s) {
  return call<Op<ArraysIn, int>(quern::stack)>(out, arrays, axis, s);
}
int quern_split(quern_vector_array* out, quern_array a, int num_splits, int axis, quern_stream s) {
  return call<OpOfSeveral<ArrayIn, int, int>(quern::split)>(out, a, num_splits, axis, s);
}
int quern_split_at(quern_vector_array* out, quern_array a, const int* indices, size_t indices_count,
                   int axis, quern_stream s) {
  return call<OpOfSeveral<ArrayIn, ShapeIn, int>(quern::split)>(
      out, a, list(indices, indices_count), axis, s);
}
int quern_repeat_axis(quern_array* out, quern_array a, int repeats, int axis, quern_stream s) {
  return call<Op<ArrayIn, int, int>(quern::repeat)>(out, a, repeats, axis, s);
}
int quern_unstack(quern_vector_array* out, quern_array a, int axis, quern_stream s) {
  return call<OpOfSeveral<ArrayIn, int>(quern::unstack)>(out, a, axis, s);
}
int quern_repeat(quern_array* out, quern_array a, int repeats, quern_stream s) {
  return call<Op<ArrayIn, int>(quern::repeat)>(out, a, repeats, s);
}
int quern_tile(quern_array* out, quern_array a, const int* reps, size_t reps_count,
               quern_stream s) {
  return call<quern::tile>(out, a, list(reps, reps_count), s);
}
int quern_flip(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::flip)>(out, a, s);
}
int quern_flip_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                    quern_stream s) {
  return call<Op<ArrayIn, AxesIn>(quern::flip)>(out, a, list(axes, axes_count), s);
}
int quern_roll(quern_array* out, quern_array a, const int* shift, size_t shift_count,
               quern_stream s) {
  return call<Op<ArrayIn, ShapeIn>(quern::roll)>(out, a, list(shift, shift_count), s);
}
int quern_roll_axes(quern_array* out, quern_array a, const int* shift, size_t shift_count,
                    const int* axes, size_t axes_count, quern_stream s) {
  return call<Op<ArrayIn, ShapeIn, AxesIn>(quern::roll)>(out, a, list(shift, shift_count),
                                                         list(axes, axes_count), s);
}
int quern_meshgrid(quern_vector_array* out, quern_vector_array arrays, bool sparse,
                   const char* indexing, quern_stream s) {
  return call<quern::meshgrid>(out, arrays, sparse, indexing, s);
}
int quern_atleast_1d(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::atleast_1d)>(out, a, s);
}
int quern_atleast_2d(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::atleast_2d)>(out, a, s);
}
int quern_atleast_3d(quern_array* out, quern_array a, quern_stream s) {
  return call<Op<ArrayIn>(quern::atleast_3d)>(out, a, s);
}
int quern_diagonal(quern_array* out, quern_array a, int offset, int axis1, int axis2,
                   quern_stream s) {
  return call<quern::diagonal>(out, a, offset, axis1, axis2, s);
}
int quern_diag(quern_array* out, quern_array a, int k, quern_stream s) {
  return call<quern::diag>(out, a, k, s);
}
int quern_trace(quern_array* out, quern_array a, int offset, int axis1, int axis2, quern_stream s) {
  return call<Op<ArrayIn, int, int, int>(quern::trace)>(out, a, offset, axis1, axis2, s);
}
int quern_trace_dtype(quern_array* out, quern_array a, int offset, int axis1, int axis2,
                      quern_dtype dtype, quern_stream s) {
  return call<Op<ArrayIn, int, int, int, Dtype>(quern::trace)>(out, a, offset, axis1, axis2, dtype,
                                                               s);
}

int quern_pad(quern_array* out, quern_array a, const int* axes, size_t axes_count,
              const int* low_pad_size, const int* high_pad_size, quern_array pad_value,
              const char* mode, quern_stream s) {
  return call<Op<ArrayIn, AxesIn, ShapeIn, ShapeIn, ArrayIn, const std::string&>(quern::pad)>(
      out, a, list(axes, axes_count), list(low_pad_size, axes_count),
      list(high_pad_size, axes_count), pad_value, mode, s);
}

int quern_as_strided(quern_array* out, quern_array a, const int* shape, size_t ndim,
                     const int64_t* strides, size_t offset, quern_stream s) {
  return call<quern::as_strided>(out, a, list(shape, ndim), list(strides, ndim), offset, s);
}
int quern_view(quern_array* out, quern_array a, quern_dtype dtype, quern_stream s) {
  return call<quern::view>(out, a, dtype, s);
}
int quern_contiguous(quern_array* out, quern_array a, bool allow_col_major, quern_stream s) {
  return call<quern::contiguous>(out, a, allow_col_major, s);
}
int quern_copy(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::copy>(out, a, s);
}
int quern_stop_gradient(quern_array* out, quern_array a, quern_stream s) {
  return call<quern::stop_gradient>(out, a, s);
}
int quern_depends(quern_vector_array* out, quern_vector_array inputs,
                  quern_vector_array dependencies) {
  return call<quern::depends>(out, inputs, dependencies);
}
