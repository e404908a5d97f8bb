#ifndef QUERN_C_SHAPE_H
#define QUERN_C_SHAPE_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Layout: shapes, axes, slices, joining and splitting: engine/ops/shape.h. */

int quern_reshape(quern_array* out, quern_array a, const int* shape, size_t ndim, quern_stream s);
int quern_unflatten(quern_array* out, quern_array a, int axis, const int* shape, size_t ndim,
                    quern_stream s);
int quern_flatten(quern_array* out, quern_array a, int start_axis, int end_axis, quern_stream s);
int quern_squeeze(quern_array* out, quern_array a, quern_stream s);
int quern_squeeze_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                       quern_stream s);
int quern_squeeze_axis(quern_array* out, quern_array a, int axis, quern_stream s);
int quern_expand_dims_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                           quern_stream s);
int quern_expand_dims(quern_array* out, quern_array a, int axis, quern_stream s);
int quern_transpose(quern_array* out, quern_array a, quern_stream s);
int quern_transpose_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                         quern_stream s);
int quern_swapaxes(quern_array* out, quern_array a, int axis1, int axis2, quern_stream s);
int quern_moveaxis(quern_array* out, quern_array a, int source, int destination, quern_stream s);
int quern_broadcast_to(quern_array* out, quern_array a, const int* shape, size_t ndim,
                       quern_stream s);
int quern_broadcast_arrays(quern_vector_array* out, quern_vector_array inputs, quern_stream s);

/* start, stop and strides have a number per axis of a. */
int quern_slice(quern_array* out, quern_array a, const int* start, const int* stop,
                const int* strides, size_t ndim, quern_stream s);
int quern_slice_update(quern_array* out, quern_array a, quern_array update, const int* start,
                       const int* stop, const int* strides, size_t ndim, quern_stream s);
int quern_slice_update_add(quern_array* out, quern_array a, quern_array update, const int* start,
                           const int* stop, const int* strides, size_t ndim, quern_stream s);
int quern_slice_update_prod(quern_array* out, quern_array a, quern_array update, const int* start,
                            const int* stop, const int* strides, size_t ndim, quern_stream s);
int quern_slice_update_max(quern_array* out, quern_array a, quern_array update, const int* start,
                           const int* stop, const int* strides, size_t ndim, quern_stream s);
int quern_slice_update_min(quern_array* out, quern_array a, quern_array update, const int* start,
                           const int* stop, const int* strides, size_t ndim, quern_stream s);

/* start is an integer array with a number per axis in axes. */
int quern_slice_dynamic(quern_array* out, quern_array a, quern_array start, const int* axes,
                        size_t axes_count, const int* slice_size, size_t ndim, quern_stream s);
int quern_slice_update_dynamic(quern_array* out, quern_array a, quern_array update,
                               quern_array start, const int* axes, size_t axes_count,
                               quern_stream s);
int quern_slice_update_add_dynamic(quern_array* out, quern_array a, quern_array update,
                                   quern_array start, const int* axes, size_t axes_count,
                                   quern_stream s);
int quern_slice_update_prod_dynamic(quern_array* out, quern_array a, quern_array update,
                                    quern_array start, const int* axes, size_t axes_count,
                                    quern_stream s);
int quern_slice_update_max_dynamic(quern_array* out, quern_array a, quern_array update,
                                   quern_array start, const int* axes, size_t axes_count,
                                   quern_stream s);
int quern_slice_update_min_dynamic(quern_array* out, quern_array a, quern_array update,
                                   quern_array start, const int* axes, size_t axes_count,
                                   quern_stream s);

/* Joining and splitting. */
int quern_concatenate(quern_array* out, quern_vector_array arrays, int axis, quern_stream s);
int quern_stack(quern_array* out, quern_vector_array arrays, int axis, quern_stream s);
int quern_split(quern_vector_array* out, quern_array a, int num_splits, int axis, quern_stream s);
int quern_split_at(quern_vector_array* out, quern_array a, const int* indices, size_t indices_count,
                   int axis, quern_stream s);
int quern_repeat_axis(quern_array* out, quern_array a, int repeats, int axis, quern_stream s);
int quern_unstack(quern_vector_array* out, quern_array a, int axis, quern_stream s);
int quern_repeat(quern_array* out, quern_array a, int repeats, quern_stream s);
int quern_tile(quern_array* out, quern_array a, const int* reps, size_t reps_count, quern_stream s);
int quern_flip(quern_array* out, quern_array a, quern_stream s);
int quern_flip_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                    quern_stream s);
int quern_roll(quern_array* out, quern_array a, const int* shift, size_t shift_count,
               quern_stream s);
int quern_roll_axes(quern_array* out, quern_array a, const int* shift, size_t shift_count,
                    const int* axes, size_t axes_count, quern_stream s);
int quern_meshgrid(quern_vector_array* out, quern_vector_array arrays, bool sparse,
                   const char* indexing, quern_stream s);
int quern_atleast_1d(quern_array* out, quern_array a, quern_stream s);
int quern_atleast_2d(quern_array* out, quern_array a, quern_stream s);
int quern_atleast_3d(quern_array* out, quern_array a, quern_stream s);
int quern_diagonal(quern_array* out, quern_array a, int offset, int axis1, int axis2,
                   quern_stream s);
int quern_diag(quern_array* out, quern_array a, int k, quern_stream s);
int quern_trace(quern_array* out, quern_array a, int offset, int axis1, int axis2, quern_stream s);
int quern_trace_dtype(quern_array* out, quern_array a, int offset, int axis1, int axis2,
                      quern_dtype dtype, quern_stream s);

/* low_pad_size and high_pad_size have a number per axis in axes. */
int quern_pad(quern_array* out, quern_array a, const int* axes, size_t axes_count,
              const int* low_pad_size, const int* high_pad_size, quern_array pad_value,
              const char* mode, quern_stream s);

/* Memory. */
int quern_as_strided(quern_array* out, quern_array a, const int* shape, size_t ndim,
                     const int64_t* strides, size_t offset, quern_stream s);
int quern_view(quern_array* out, quern_array a, quern_dtype dtype, quern_stream s);
int quern_contiguous(quern_array* out, quern_array a, bool allow_col_major, quern_stream s);
int quern_copy(quern_array* out, quern_array a, quern_stream s);
int quern_stop_gradient(quern_array* out, quern_array a, quern_stream s);
int quern_depends(quern_vector_array* out, quern_vector_array inputs,
                  quern_vector_array dependencies);

#ifdef __cplusplus
}
#endif

#endif
