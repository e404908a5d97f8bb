#ifndef QUERN_C_INDEXED_MATMUL_H
#define QUERN_C_INDEXED_MATMUL_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Products of parts that other arrays name: engine/ops/indexed_matmul.h. lhs_indices and
 * rhs_indices are optional. */

int quern_gather_mm(quern_array* out, quern_array a, quern_array b, quern_array lhs_indices,
                    quern_array rhs_indices, bool sorted_indices, quern_stream s);
int quern_segmented_mm(quern_array* out, quern_array a, quern_array b, quern_array segments,
                       quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
