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

/* biases, lhs_indices and rhs_indices are optional; so are w_scales and the global scales below. */
int quern_gather_qmm(quern_array* out, quern_array x, quern_array w, quern_array scales,
                     quern_array biases, quern_array lhs_indices, quern_array rhs_indices,
                     bool transpose, quern_optional_int group_size, quern_optional_int bits,
                     const char* mode, bool sorted_indices, quern_stream s);
int quern_qqmm(quern_array* out, quern_array x, quern_array w, quern_array w_scales,
               quern_optional_int group_size, quern_optional_int bits, const char* mode,
               quern_array global_scale_x, quern_array global_scale_w, quern_stream s);
int quern_gather_qqmm(quern_array* out, quern_array x, quern_array w, quern_array scales_w,
                      quern_array lhs_indices, quern_array rhs_indices,
                      quern_optional_int group_size, quern_optional_int bits, const char* mode,
                      quern_array global_scale_x, quern_array global_scale_w, bool sorted_indices,
                      quern_stream s);

#ifdef __cplusplus
}
#endif

#endif
