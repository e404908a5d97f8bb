#ifndef QUERN_C_EINSUM_H
#define QUERN_C_EINSUM_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Einstein summation: engine/ops/einsum.h. */

int quern_einsum(quern_array* out, const char* subscripts, quern_vector_array operands,
                 quern_stream s);

/* A description of the order in which einsum contracts, and of its cost. */
int quern_einsum_path(quern_string* out, const char* subscripts, quern_vector_array operands);

#ifdef __cplusplus
}
#endif

#endif
