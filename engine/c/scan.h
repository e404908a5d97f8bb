#ifndef QUERN_C_SCAN_H
#define QUERN_C_SCAN_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Running reductions over all elements or along an axis: engine/ops/scan.h. */

int quern_cumsum(quern_array* out, quern_array a, bool reverse, bool inclusive,
                 quern_optional_dtype dtype, quern_stream s);
int quern_cumsum_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                      quern_optional_dtype dtype, quern_stream s);
int quern_cumprod(quern_array* out, quern_array a, bool reverse, bool inclusive,
                  quern_optional_dtype dtype, quern_stream s);
int quern_cumprod_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                       quern_optional_dtype dtype, quern_stream s);
int quern_cummax(quern_array* out, quern_array a, bool reverse, bool inclusive, quern_stream s);
int quern_cummax_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                      quern_stream s);
int quern_cummin(quern_array* out, quern_array a, bool reverse, bool inclusive, quern_stream s);
int quern_cummin_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                      quern_stream s);
int quern_logcumsumexp(quern_array* out, quern_array a, bool reverse, bool inclusive,
                       quern_stream s);
int quern_logcumsumexp_axis(quern_array* out, quern_array a, int axis, bool reverse, bool inclusive,
                            quern_stream s);
int quern_diff(quern_array* out, quern_array a, int n, int axis, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
