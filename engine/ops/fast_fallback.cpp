#include "engine/ops/fast_fallback.h"

#include <cmath>
#include <limits>
#include <vector>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern::fast::fallback {

namespace {

Dtype result_of(const array& x, const std::optional<array>& a,
                const std::optional<array>& b = std::nullopt) {
  std::vector<array> all = {x};
  if (a) all.push_back(*a);
  if (b) all.push_back(*b);
  return result_type(all);
}

Dtype compute_dtype(Dtype dtype) { return dtype == float64 ? float64 : float32; }

/// 0, 1, ... n - 1.
array count_to(int n, Dtype dtype, StreamOrDevice s) {
  return arange(0.0, double(n), 1.0, dtype, s);
}

/// The most negative finite number of a float dtype.
array lowest(Dtype dtype) {
  if (dtype == float16) return array(-65504.0f, float16);
  if (dtype == bfloat16) return array(-0x1.fep127f, bfloat16);
  if (dtype == float64) return array(std::numeric_limits<double>::lowest(), float64);
  return array(-0x1.fffffep127f, float32);
}

}  // namespace

array rms_norm(const array& x, const std::optional<array>& weight, float eps, StreamOrDevice s) {
  const Dtype dtype = result_of(x, weight);
  array y = astype(x, compute_dtype(dtype), s);
  y = multiply(y, rsqrt(add(mean(square(y, s), -1, true, s), array(eps, y.dtype()), s), s), s);
  y = astype(y, dtype, s);
  return weight ? multiply(y, *weight, s) : y;
}

array layer_norm(const array& x, const std::optional<array>& weight,
                 const std::optional<array>& bias, float eps, StreamOrDevice s) {
  const Dtype dtype = result_of(x, weight, bias);
  array y = astype(x, compute_dtype(dtype), s);
  y = subtract(y, mean(y, -1, true, s), s);
  y = multiply(y, rsqrt(add(mean(square(y, s), -1, true, s), array(eps, y.dtype()), s), s), s);
  y = astype(y, dtype, s);
  if (weight) y = multiply(y, *weight, s);
  return bias ? add(y, *bias, s) : y;
}

array rope(const array& x, int dims, bool traditional, std::optional<float> base, float scale,
           const array& offset, const std::optional<array>& freqs, bool forward, StreamOrDevice s) {
  const int half = dims / 2, time = x.shape(-2);
  const Dtype compute = compute_dtype(x.dtype());
  const auto number = [&](double value) { return array(value, compute); };
  array start = astype(offset, compute, s);
  // One row of positions per sequence, against [B, ..., T, half].
  Shape rows(x.ndim(), 1);
  if (offset.size() > 1) rows[0] = x.shape(0);
  start = reshape(start, rows, s);
  rows = Shape(x.ndim(), 1);
  rows[x.ndim() - 2] = time;
  const array times = reshape(count_to(time, compute, s), rows, s);
  const array positions = multiply(add(start, times, s), number(scale), s);
  const array turns = freqs ? reciprocal(astype(*freqs, compute, s), s)
                            : exp(multiply(count_to(half, compute, s),
                                           number(-std::log(double(*base)) / double(half)), s),
                                  s);
  const array angles = multiply(positions, turns, s);
  const array cosines = astype(cos(angles, s), x.dtype(), s);
  const array turned_sines = astype(sin(angles, s), x.dtype(), s);
  const array sines = forward ? turned_sines : negative(turned_sines, s);

  const auto columns = [&](int first, int last, int step) {
    Shape from(x.ndim(), 0), to = x.shape(), by(x.ndim(), 1);
    from.back() = first;
    to.back() = last;
    by.back() = step;
    return slice(x, from, to, by, s);
  };
  const array a = traditional ? columns(0, dims, 2) : columns(0, half, 1);
  const array b = traditional ? columns(1, dims, 2) : columns(half, dims, 1);
  const array first = subtract(multiply(a, cosines, s), multiply(b, sines, s), s);
  const array second = add(multiply(a, sines, s), multiply(b, cosines, s), s);
  array turned = first;
  if (traditional) {
    Shape merged = x.shape();
    merged.back() = dims;
    turned = reshape(stack({first, second}, -1, s), merged, s);
  } else {
    turned = concatenate({first, second}, -1, s);
  }
  return dims == x.shape(-1) ? turned : concatenate({turned, columns(dims, x.shape(-1), 1)}, -1, s);
}

array scaled_dot_product_attention(const array& queries, const array& keys, const array& values,
                                   float scale, bool causal, const std::optional<array>& mask,
                                   const std::optional<array>& sinks, StreamOrDevice s) {
  const Dtype dtype = result_type({queries, keys, values});
  const int batches = queries.shape(0), heads = queries.shape(1), key_heads = keys.shape(1);
  const int queries_count = queries.shape(2), keys_count = keys.shape(2), group = heads / key_heads;
  // [B, Hkv, group, Tq, ...]: a group of query heads shares its keys by broadcasting.
  const array q = reshape(multiply(astype(queries, dtype, s), array(scale, dtype), s),
                          {batches, key_heads, group, queries_count, queries.shape(3)}, s);
  const array k = expand_dims(astype(keys, dtype, s), 2, s),
              v = expand_dims(astype(values, dtype, s), 2, s);
  array scores =
      reshape(matmul(q, swapaxes(k, -1, -2, s), s), {batches, heads, queries_count, keys_count}, s);
  const auto hide = [&](const array& visible) {
    scores = where(visible, scores, lowest(dtype), s);
  };
  if (causal) {
    const array last = add(count_to(queries_count, float32, s),
                           array(float(keys_count - queries_count), float32), s);
    hide(greater_equal(expand_dims(last, 1, s), count_to(keys_count, float32, s), s));
  }
  if (mask && mask->dtype() == bool_)
    hide(*mask);
  else if (mask)
    scores = add(scores, *mask, s);
  if (sinks) {
    const array column = broadcast_to(reshape(astype(*sinks, dtype, s), {heads, 1, 1}, s),
                                      {batches, heads, queries_count, 1}, s);
    scores = concatenate({column, scores}, -1, s);
  }
  array weights = softmax(scores, -1, true, s);
  if (sinks) {
    weights = slice(weights, {0, 0, 0, 1}, {batches, heads, queries_count, keys_count + 1}, s);
  }
  const array out =
      matmul(reshape(weights, {batches, key_heads, group, queries_count, keys_count}, s), v, s);
  return reshape(out, {batches, heads, queries_count, values.shape(3)}, s);
}

array cross_entropy(const array& logits, const array& targets, StreamOrDevice s) {
  const array x = astype(logits, compute_dtype(logits.dtype()), s);
  // The loss depends on differences only; large logits would lose them to rounding.
  const array shifted = subtract(x, stop_gradient(max(x, -1, true, s), s), s);
  const array chosen = squeeze(take_along_axis(shifted, expand_dims(targets, -1, s), -1, s), -1, s);
  return astype(subtract(logsumexp(shifted, -1, false, s), chosen, s), logits.dtype(), s);
}

}  // namespace quern::fast::fallback
