#ifndef QUERN_C_REDUCE_H
#define QUERN_C_REDUCE_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reductions over all axes, several, or one: engine/ops/reduce.h. */

int quern_all(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_all_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s);
int quern_all_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_any(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_any_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s);
int quern_any_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_sum(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_sum_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s);
int quern_sum_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_prod(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_prod_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                    bool keepdims, quern_stream s);
int quern_prod_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_max(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_max_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s);
int quern_max_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_min(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_min_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, quern_stream s);
int quern_min_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_mean(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_mean_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                    bool keepdims, quern_stream s);
int quern_mean_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_median(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_median_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                      bool keepdims, quern_stream s);
int quern_median_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_logsumexp(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_logsumexp_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                         bool keepdims, quern_stream s);
int quern_logsumexp_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_count_nonzero(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_count_nonzero_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                             bool keepdims, quern_stream s);
int quern_count_nonzero_axis(quern_array* out, quern_array a, int axis, bool keepdims,
                             quern_stream s);
int quern_var(quern_array* out, quern_array a, bool keepdims, int ddof, quern_stream s);
int quern_var_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, int ddof, quern_stream s);
int quern_var_axis(quern_array* out, quern_array a, int axis, bool keepdims, int ddof,
                   quern_stream s);
int quern_std(quern_array* out, quern_array a, bool keepdims, int ddof, quern_stream s);
int quern_std_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                   bool keepdims, int ddof, quern_stream s);
int quern_std_axis(quern_array* out, quern_array a, int axis, bool keepdims, int ddof,
                   quern_stream s);
int quern_softmax(quern_array* out, quern_array a, bool precise, quern_stream s);
int quern_softmax_axes(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                       bool precise, quern_stream s);
int quern_softmax_axis(quern_array* out, quern_array a, int axis, bool precise, quern_stream s);
int quern_argmax(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_argmax_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_argmin(quern_array* out, quern_array a, bool keepdims, quern_stream s);
int quern_argmin_axis(quern_array* out, quern_array a, int axis, bool keepdims, quern_stream s);
int quern_number_of_elements(quern_array* out, quern_array a, const int* axes, size_t axes_count,
                             bool inverted, quern_dtype dtype, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
