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
