#ifndef QUERN_C_CAST_H
#define QUERN_C_CAST_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Conversion to another dtype: engine/ops/cast.h. */

int quern_astype(quern_array* out, quern_array a, quern_dtype dtype, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
