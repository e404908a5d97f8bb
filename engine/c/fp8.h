#ifndef QUERN_C_FP8_H
#define QUERN_C_FP8_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Floats of 8 bits: engine/ops/fp8.h. */

int quern_to_fp8(quern_array* out, quern_array a, quern_stream s);
int quern_from_fp8(quern_array* out, quern_array a, quern_dtype dtype, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
