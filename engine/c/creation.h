#ifndef QUERN_C_CREATION_H
#define QUERN_C_CREATION_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Arrays from shapes and ranges: engine/ops/creation.h. */

int quern_arange(quern_array* out, double start, double stop, double step, quern_dtype dtype,
                 quern_stream s);
int quern_linspace(quern_array* out, double start, double stop, int num, bool endpoint,
                   quern_dtype dtype, quern_stream s);
int quern_full(quern_array* out, const int* shape, size_t ndim, quern_array values,
               quern_dtype dtype, quern_stream s);
int quern_full_like(quern_array* out, quern_array a, quern_array values, quern_dtype dtype,
                    quern_stream s);
int quern_zeros(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype, quern_stream s);
int quern_zeros_like(quern_array* out, quern_array a, quern_stream s);
int quern_ones(quern_array* out, const int* shape, size_t ndim, quern_dtype dtype, quern_stream s);
int quern_ones_like(quern_array* out, quern_array a, quern_stream s);
int quern_eye(quern_array* out, int n, int m, int k, quern_dtype dtype, quern_stream s);
int quern_identity(quern_array* out, int n, quern_dtype dtype, quern_stream s);
int quern_tri(quern_array* out, int n, int m, int k, quern_dtype dtype, quern_stream s);
int quern_tril(quern_array* out, quern_array a, int k, quern_stream s);
int quern_triu(quern_array* out, quern_array a, int k, quern_stream s);
int quern_hanning(quern_array* out, int m, quern_stream s);
int quern_hamming(quern_array* out, int m, quern_stream s);
int quern_bartlett(quern_array* out, int m, quern_stream s);
int quern_blackman(quern_array* out, int m, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
