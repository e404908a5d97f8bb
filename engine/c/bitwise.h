#ifndef QUERN_C_BITWISE_H
#define QUERN_C_BITWISE_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of bool and integer arrays: engine/ops/bitwise.h. */

int quern_bitwise_and(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_bitwise_or(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_bitwise_xor(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_left_shift(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_right_shift(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_bitwise_invert(quern_array* out, quern_array a, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
