#include "models/decoder/soft_capped_attention.h"

#include <limits>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern::models {

array soft_capped_attention(const array& queries, const array& keys, const array& values,
                            float scale, float cap, const AttentionMask& mask) {
  const int batch = queries.shape(0), heads = queries.shape(1), tokens = queries.shape(2);
  const int groups = keys.shape(1), size = queries.shape(3), seen = keys.shape(2);
  const Dtype dtype = queries.dtype();
  // Heads that share keys side by side: [B, H_kv, H / H_kv, T, D].
  const array grouped = reshape(multiply(queries, array(scale, dtype)),
                                {batch, groups, heads / groups, tokens, size});
  const array scores = matmul(grouped, swapaxes(expand_dims(keys, 2), -1, -2));
  array capped = multiply(tanh(divide(scores, array(cap, dtype))), array(cap, dtype));
  if (mask.keep || mask.mode == "causal") {
    const array keep = mask.keep ? *mask.keep : tri(tokens, seen, seen - tokens, bool_);
    capped = where(keep, capped, array(-std::numeric_limits<float>::infinity(), dtype));
  }
  const array mixed = matmul(softmax(capped, -1, true), expand_dims(values, 2));
  return reshape(mixed, {batch, heads, tokens, values.shape(3)});
}

}  // namespace quern::models
