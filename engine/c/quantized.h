#ifndef QUERN_C_QUANTIZED_H
#define QUERN_C_QUANTIZED_H

#include "engine/c/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Weights of a few bits: engine/ops/quantized.h. scales, biases and global_scale: see there which
 * are optional. */

int quern_quantize(quern_vector_array* out, quern_array w, quern_optional_int group_size,
                   quern_optional_int bits, const char* mode, quern_array global_scale,
                   quern_stream s);
int quern_dequantize(quern_array* out, quern_array w, quern_array scales, quern_array biases,
                     quern_optional_int group_size, quern_optional_int bits, const char* mode,
                     quern_array global_scale, quern_optional_dtype dtype, quern_stream s);
int quern_quantized_matmul(quern_array* out, quern_array x, quern_array w, quern_array scales,
                           quern_array biases, bool transpose, quern_optional_int group_size,
                           quern_optional_int bits, const char* mode, quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
