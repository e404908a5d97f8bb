#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "engine/nn/transformer.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/fast.h"
#include "engine/ops/shape.h"

namespace quern::nn {

namespace {

int checked_heads(int dims, int num_heads) {
  if (num_heads > 0 && dims % num_heads == 0) return num_heads;
  throw std::invalid_argument(
      fmt::format("[MultiHeadAttention] {} dimensions cannot form {} heads", dims, num_heads));
}

/// [N, T, heads * D] -> [N, heads, T, D]
array heads_first(const array& x, int num_heads) {
  return swapaxes(unflatten(x, -1, {num_heads, -1}), 1, 2);
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(int dims, int num_heads, std::optional<int> query_input_dims,
                                       std::optional<int> key_input_dims,
                                       std::optional<int> value_input_dims,
                                       std::optional<int> value_dims,
                                       std::optional<int> value_output_dims, bool bias)
    : num_heads_(checked_heads(dims, num_heads)),
      query_proj(*this, "query_proj",
                 std::make_shared<Linear>(query_input_dims.value_or(dims), dims, bias)),
      key_proj(*this, "key_proj",
               std::make_shared<Linear>(key_input_dims.value_or(dims), dims, bias)),
      value_proj(*this, "value_proj",
                 std::make_shared<Linear>(value_input_dims.value_or(key_input_dims.value_or(dims)),
                                          value_dims.value_or(dims), bias)),
      out_proj(*this, "out_proj",
               std::make_shared<Linear>(value_dims.value_or(dims), value_output_dims.value_or(dims),
                                        bias)) {}

array MultiHeadAttention::operator()(const array& queries, const array& keys, const array& values,
                                     const AttentionMask& mask) {
  const array q = heads_first(query_proj(queries), num_heads_);
  const array k = heads_first(key_proj(keys), num_heads_);
  const array v = heads_first(value_proj(values), num_heads_);
  const float scale = float(std::sqrt(1.0 / q.shape(-1)));
  const array y = fast::scaled_dot_product_attention(q, k, v, scale, mask.mode(), mask.mask());
  return out_proj(flatten(swapaxes(y, 1, 2), -2, -1));
}

array MultiHeadAttention::create_additive_causal_mask(int n, Dtype dtype) {
  const array positions = arange(n);
  const array seen = greater_equal(expand_dims(positions, 1), positions);
  const array lowest = nan_to_num(array(-std::numeric_limits<float>::infinity(), dtype));
  return where(seen, array(0.0f, dtype), lowest);
}

}  // namespace quern::nn
