#ifndef QUERN_C_ARITHMETIC_H
#define QUERN_C_ARITHMETIC_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Arithmetic of two arrays, broadcast and promoted: engine/ops/arithmetic.h. */

int quern_add(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_subtract(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_multiply(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_divide(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_floor_divide(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_remainder(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_power(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_maximum(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_minimum(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_logaddexp(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_arctan2(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_divmod(quern_vector_array* out, quern_array a, quern_array b, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
