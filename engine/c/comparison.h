#ifndef QUERN_C_COMPARISON_H
#define QUERN_C_COMPARISON_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Comparisons, logic and selection: engine/ops/comparison.h. */

int quern_equal(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_not_equal(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_greater(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_greater_equal(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_less(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_less_equal(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_logical_and(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_logical_or(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_logical_xor(quern_array* out, quern_array a, quern_array b, quern_stream s);
int quern_logical_not(quern_array* out, quern_array a, quern_stream s);
int quern_isnan(quern_array* out, quern_array a, quern_stream s);
int quern_isinf(quern_array* out, quern_array a, quern_stream s);
int quern_isfinite(quern_array* out, quern_array a, quern_stream s);
int quern_isposinf(quern_array* out, quern_array a, quern_stream s);
int quern_isneginf(quern_array* out, quern_array a, quern_stream s);
int quern_array_equal(quern_array* out, quern_array a, quern_array b, bool equal_nan,
                      quern_stream s);
int quern_isclose(quern_array* out, quern_array a, quern_array b, double rtol, double atol,
                  bool equal_nan, quern_stream s);
int quern_allclose(quern_array* out, quern_array a, quern_array b, double rtol, double atol,
                   bool equal_nan, quern_stream s);
int quern_where(quern_array* out, quern_array condition, quern_array x, quern_array y,
                quern_stream s);

/* a_min and a_max are optional, but not both. */
int quern_clip(quern_array* out, quern_array a, quern_array a_min, quern_array a_max,
               quern_stream s);
int quern_nan_to_num(quern_array* out, quern_array a, float nan, quern_optional_float posinf,
                     quern_optional_float neginf, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
