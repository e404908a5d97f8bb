#ifndef QUERN_C_HADAMARD_H
#define QUERN_C_HADAMARD_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The Hadamard transform: engine/ops/hadamard.h. */

int quern_hadamard_transform(quern_array* out, quern_array a, quern_optional_float scale,
                             quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
