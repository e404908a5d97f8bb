#ifndef QUERN_C_INDEXING_H
#define QUERN_C_INDEXING_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Elements by index: engine/ops/indexing.h. */

int quern_gather(quern_array* out, quern_array a, quern_vector_array indices, const int* axes,
                 size_t axes_count, const int* slice_sizes, size_t slice_sizes_count,
                 quern_stream s);
int quern_take(quern_array* out, quern_array a, quern_array indices, quern_stream s);
int quern_take_axis(quern_array* out, quern_array a, quern_array indices, int axis, quern_stream s);
int quern_take_along_axis(quern_array* out, quern_array a, quern_array indices, int axis,
                          quern_stream s);
int quern_put_along_axis(quern_array* out, quern_array a, quern_array indices, quern_array values,
                         int axis, quern_stream s);
int quern_scatter(quern_array* out, quern_array a, quern_vector_array indices, quern_array updates,
                  const int* axes, size_t axes_count, quern_stream s);
int quern_scatter_add(quern_array* out, quern_array a, quern_vector_array indices,
                      quern_array updates, const int* axes, size_t axes_count, quern_stream s);
int quern_scatter_prod(quern_array* out, quern_array a, quern_vector_array indices,
                       quern_array updates, const int* axes, size_t axes_count, quern_stream s);
int quern_scatter_max(quern_array* out, quern_array a, quern_vector_array indices,
                      quern_array updates, const int* axes, size_t axes_count, quern_stream s);
int quern_scatter_min(quern_array* out, quern_array a, quern_vector_array indices,
                      quern_array updates, const int* axes, size_t axes_count, quern_stream s);
int quern_scatter_add_axis(quern_array* out, quern_array a, quern_array indices, quern_array values,
                           int axis, quern_stream s);
int quern_masked_scatter(quern_array* out, quern_array a, quern_array mask, quern_array src,
                         quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
