#ifndef QUERN_C_BLOCK_MASKED_H
#define QUERN_C_BLOCK_MASKED_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Products with blocks left out: engine/ops/block_masked.h. The masks are optional. */

int quern_block_masked_mm(quern_array* out, quern_array a, quern_array b, int block_size,
                          quern_array mask_out, quern_array mask_lhs, quern_array mask_rhs,
                          quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
