#ifndef QUERN_C_PRODUCTS_H
#define QUERN_C_PRODUCTS_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Products along axes: engine/ops/products.h. */

int quern_tensordot(quern_array* out, quern_array a, quern_array b, int axis, quern_stream s);
int quern_tensordot_axes(quern_array* out, quern_array a, quern_array b, const int* axes_a,
                         size_t axes_a_count, const int* axes_b, size_t axes_b_count,
                         quern_stream s);
int quern_outer(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_inner(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_vecdot(quern_array* out, quern_array a, quern_array b, int axis, quern_stream s);
int quern_kron(quern_array* out, quern_array a, quern_array b, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
