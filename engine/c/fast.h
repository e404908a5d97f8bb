#ifndef QUERN_C_FAST_H
#define QUERN_C_FAST_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The steps of a transformer: engine/ops/fast.h. weight, bias, base, freqs, mask and sinks are
 * optional. */

int quern_fast_rms_norm(quern_array* out, quern_array x, quern_array weight, float eps,
                        quern_stream s);
int quern_fast_layer_norm(quern_array* out, quern_array x, quern_array weight, quern_array bias,
                          float eps, quern_stream s);
int quern_fast_rope(quern_array* out, quern_array x, int dims, bool traditional,
                    quern_optional_float base, float scale, int offset, quern_array freqs,
                    quern_stream s);
int quern_fast_rope_dynamic(quern_array* out, quern_array x, int dims, bool traditional,
                            quern_optional_float base, float scale, quern_array offset,
                            quern_array freqs, quern_stream s);
int quern_fast_scaled_dot_product_attention(quern_array* out, quern_array queries, quern_array keys,
                                            quern_array values, float scale, const char* mask_mode,
                                            quern_array mask, quern_array sinks, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
