#include "engine/c/quantized.h"

#include "engine/c/adapt.h"
#include "engine/ops/quantized.h"

using namespace quern::c;

int quern_quantize(quern_vector_array* out, quern_array w, quern_optional_int group_size,
                   quern_optional_int bits, const char* mode, quern_array global_scale,
                   quern_stream s) {
  return call<quern::quantize>(out, w, group_size, bits, mode, global_scale, s);
}
int quern_dequantize(quern_array* out, quern_array w, quern_array scales, quern_array biases,
                     quern_optional_int group_size, quern_optional_int bits, const char* mode,
                     quern_array global_scale, quern_optional_dtype dtype, quern_stream s) {
  return call<quern::dequantize>(out, w, scales, biases, group_size, bits, mode, global_scale,
                                 dtype, s);
}
int quern_quantized_matmul(quern_array* out, quern_array x, quern_array w, quern_array scales,
                           quern_array biases, bool transpose, quern_optional_int group_size,
                           quern_optional_int bits, const char* mode, quern_stream s) {
  return call<quern::quantized_matmul>(out, x, w, scales, biases, transpose, group_size, bits, mode,
                                       s);
}

int quern_gather_qmm(quern_array* out, quern_array x, quern_array w, quern_array scales,
                     quern_array biases, quern_array lhs_indices, quern_array rhs_indices,
                     bool transpose, quern_optional_int group_size, quern_optional_int bits,
                     const char* mode, bool sorted_indices, quern_stream s) {
  return call<quern::gather_qmm>(out, x, w, scales, biases, lhs_indices, rhs_indices, transpose,
                                 group_size, bits, mode, sorted_indices, s);
}
int quern_qqmm(quern_array* out, quern_array x, quern_array w, quern_array w_scales,
               quern_optional_int group_size, quern_optional_int bits, const char* mode,
               quern_array global_scale_x, quern_array global_scale_w, quern_stream s) {
  return call<quern::qqmm>(out, x, w, w_scales, group_size, bits, mode, global_scale_x,
                           global_scale_w, s);
}
int quern_gather_qqmm(quern_array* out, quern_array x, quern_array w, quern_array scales_w,
                      quern_array lhs_indices, quern_array rhs_indices,
                      quern_optional_int group_size, quern_optional_int bits, const char* mode,
                      quern_array global_scale_x, quern_array global_scale_w, bool sorted_indices,
                      quern_stream s) {
  return call<quern::gather_qqmm>(out, x, w, scales_w, lhs_indices, rhs_indices, group_size, bits,
                                  mode, global_scale_x, global_scale_w, sorted_indices, s);
}
