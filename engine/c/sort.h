#ifndef QUERN_C_SORT_H
#define QUERN_C_SORT_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Order along an axis or of all elements: engine/ops/sort.h. */

int quern_sort(quern_array* out, quern_array a, quern_stream s);
int quern_sort_axis(quern_array* out, quern_array a, int axis, quern_stream s);
int quern_argsort(quern_array* out, quern_array a, quern_stream s);
int quern_argsort_axis(quern_array* out, quern_array a, int axis, quern_stream s);
int quern_partition(quern_array* out, quern_array a, int kth, quern_stream s);
int quern_partition_axis(quern_array* out, quern_array a, int kth, int axis, quern_stream s);
int quern_argpartition(quern_array* out, quern_array a, int kth, quern_stream s);
int quern_argpartition_axis(quern_array* out, quern_array a, int kth, int axis, quern_stream s);
int quern_topk(quern_array* out, quern_array a, int k, quern_stream s);
int quern_topk_axis(quern_array* out, quern_array a, int k, int axis, quern_stream s);
int quern_searchsorted(quern_array* out, quern_array sorted_sequence, quern_array values,
                       const char* side, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
