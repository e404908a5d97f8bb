#ifndef QUERN_C_UNARY_H
#define QUERN_C_UNARY_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Functions of one array, element by element: engine/ops/unary.h. */

int quern_abs(quern_array* out, quern_array a, quern_stream s);
int quern_negative(quern_array* out, quern_array a, quern_stream s);
int quern_positive(quern_array* out, quern_array a, quern_stream s);
int quern_sign(quern_array* out, quern_array a, quern_stream s);
int quern_square(quern_array* out, quern_array a, quern_stream s);
int quern_floor(quern_array* out, quern_array a, quern_stream s);
int quern_ceil(quern_array* out, quern_array a, quern_stream s);
int quern_trunc(quern_array* out, quern_array a, quern_stream s);
int quern_round(quern_array* out, quern_array a, int decimals, quern_stream s);
int quern_real(quern_array* out, quern_array a, quern_stream s);
int quern_imag(quern_array* out, quern_array a, quern_stream s);
int quern_conjugate(quern_array* out, quern_array a, quern_stream s);
int quern_reciprocal(quern_array* out, quern_array a, quern_stream s);
int quern_sqrt(quern_array* out, quern_array a, quern_stream s);
int quern_rsqrt(quern_array* out, quern_array a, quern_stream s);
int quern_exp(quern_array* out, quern_array a, quern_stream s);
int quern_expm1(quern_array* out, quern_array a, quern_stream s);
int quern_log(quern_array* out, quern_array a, quern_stream s);
int quern_log2(quern_array* out, quern_array a, quern_stream s);
int quern_log10(quern_array* out, quern_array a, quern_stream s);
int quern_log1p(quern_array* out, quern_array a, quern_stream s);
int quern_sin(quern_array* out, quern_array a, quern_stream s);
int quern_cos(quern_array* out, quern_array a, quern_stream s);
int quern_tan(quern_array* out, quern_array a, quern_stream s);
int quern_arcsin(quern_array* out, quern_array a, quern_stream s);
int quern_arccos(quern_array* out, quern_array a, quern_stream s);
int quern_arctan(quern_array* out, quern_array a, quern_stream s);
int quern_sinh(quern_array* out, quern_array a, quern_stream s);
int quern_cosh(quern_array* out, quern_array a, quern_stream s);
int quern_tanh(quern_array* out, quern_array a, quern_stream s);
int quern_arcsinh(quern_array* out, quern_array a, quern_stream s);
int quern_arccosh(quern_array* out, quern_array a, quern_stream s);
int quern_arctanh(quern_array* out, quern_array a, quern_stream s);
int quern_degrees(quern_array* out, quern_array a, quern_stream s);
int quern_radians(quern_array* out, quern_array a, quern_stream s);
int quern_sigmoid(quern_array* out, quern_array a, quern_stream s);
int quern_erf(quern_array* out, quern_array a, quern_stream s);
int quern_erfinv(quern_array* out, quern_array a, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
