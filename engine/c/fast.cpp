#include "engine/c/fast.h"

#include "engine/c/adapt.h"
#include "engine/ops/fast.h"

using namespace quern::c;

int quern_fast_rms_norm(quern_array* out, quern_array x, quern_array weight, float eps,
                        quern_stream s) {
  return call<quern::fast::rms_norm>(out, x, weight, eps, s);
}
int quern_fast_layer_norm(quern_array* out, quern_array x, quern_array weight, quern_array bias,
                          float eps, quern_stream s) {
  return call<quern::fast::layer_norm>(out, x, weight, bias, eps, s);
}
int quern_fast_rope(quern_array* out, quern_array x, int dims, bool traditional,
                    quern_optional_float base, float scale, int offset, quern_array freqs,
                    quern_stream s) {
  return call<Op<ArrayIn, int, bool, std::optional<float>, float, int, OptionalIn>(
      quern::fast::rope)>(out, x, dims, traditional, base, scale, offset, freqs, s);
}
int quern_fast_rope_dynamic(quern_array* out, quern_array x, int dims, bool traditional,
                            quern_optional_float base, float scale, quern_array offset,
                            quern_array freqs, quern_stream s) {
  return call<Op<ArrayIn, int, bool, std::optional<float>, float, ArrayIn, OptionalIn>(
      quern::fast::rope)>(out, x, dims, traditional, base, scale, offset, freqs, s);
}
int quern_fast_scaled_dot_product_attention(quern_array* out, quern_array queries, quern_array keys,
                                            quern_array values, float scale, const char* mask_mode,
                                            quern_array mask, quern_array sinks, quern_stream s) {
  return call<quern::fast::scaled_dot_product_attention>(out, queries, keys, values, scale,
                                                         mask_mode, mask, sinks, s);
}
