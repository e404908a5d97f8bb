#ifndef QUERN_C_MATMUL_H
#define QUERN_C_MATMUL_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Matrix products: engine/ops/matmul.h. */

int quern_matmul(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_addmm(quern_array* out, quern_array c, quern_array a, quern_array b, float alpha,
                float beta, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
