#include "models/weights/low_rank_update.h"

#include "engine/nn/random_scope.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexed_matmul.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern::models {

namespace {

array times(const array& x, float factor) {
  return factor == 1.0f ? x : multiply(x, array(factor, x.dtype()));
}

float strength_of(const LowRankUpdate& update) {
  return update.strength ? update.strength->get() : 1.0f;
}

/// x without the elements that dropout takes, the others larger by as much.
array dropped(const LowRankUpdate& update, const array& x) {
  if (update.dropout == 0.0f) return x;
  const float kept = 1.0f - update.dropout;
  const array mask = random::bernoulli(array(kept), x.shape(), nn::RandomScope::next_key());
  return where(mask, times(x, 1.0f / kept), array(0.0f, x.dtype()));
}

/// What the rows of a DoRA weight are multiplied with, [..., out], float32: magnitude / |W + s D|,
/// where |W + s D|^2 = |W|^2 + 2 s <W, D> + s^2 |D|^2 row by row and D = up @ down is never made.
array row_factors(const LowRankUpdate& update, const StoredWeight& weight, float strength) {
  const float scale = update.scale * strength;
  const LowRankUpdate::RowTerms terms =
      update.row_terms ? *update.row_terms : row_terms(update, weight);
  array squared = add(astype(*update.squared_norms, float32),
                      add(times(terms.products, 2 * scale), times(terms.squares, scale * scale)));
  squared = stop_gradient(maximum(squared, array(0.0f)));
  array magnitude = astype(*update.magnitude, float32);
  if (strength != 1.0f) {
    // Halfway to an adapter the rows are halfway between their own lengths and its.
    const array plain = sqrt(astype(*update.squared_norms, float32));
    magnitude = add(plain, times(subtract(magnitude, plain), strength));
  }
  // A row of zeros has no direction to keep.
  return divide(magnitude, maximum(sqrt(squared), array(1e-12f)));
}

/// `base` with one update: `change` is x @ down^T @ up^T, not yet scaled, `factors` those of its
/// rows.
template <typename Change, typename Factors>
array updated(const LowRankUpdates& updates, const StoredWeight& weight, const array& base,
              Change&& change, Factors&& factors) {
  array out = base;
  for (const LowRankUpdate& update : updates) {
    const float strength = strength_of(update);
    if (strength == 0.0f) continue;
    const array changed = change(update, update.scale * strength, update.magnitude ? base : out);
    if (!update.magnitude) {
      out = changed;
      continue;
    }
    const array of_rows = factors(row_factors(update, weight, strength));
    const array adapted = astype(multiply(of_rows, changed), base.dtype());
    out = out.id() == base.id() ? adapted : add(out, subtract(adapted, base));
  }
  return out;
}

}  // namespace

array squared_row_norms(const StoredWeight& weight) {
  const auto& q = weight.quantization;
  array floats = q ? dequantize(weight.weight, *weight.scales, weight.biases, q->group_size,
                                q->bits, q->mode, std::nullopt, float32)
                   : astype(weight.weight, float32);
  if (weight.factor) floats = multiply(floats, *weight.factor);
  return sum(square(floats), -1);
}

LowRankUpdate::RowTerms row_terms(const LowRankUpdate& update, const StoredWeight& weight) {
  const array down = stop_gradient(astype(update.down, float32));
  const array up = stop_gradient(astype(update.up, float32));
  const auto row_products = [&](const array& against) { return sum(multiply(against, up), -1); };
  return {.products = row_products(swapaxes(weight.product(down, true), -1, -2)),
          .squares = row_products(matmul(up, matmul(down, swapaxes(down, -1, -2))))};
}

array updated_product(const LowRankUpdates& updates, const StoredWeight& weight, const array& x,
                      const array& product) {
  return updated(
      updates, weight, product,
      [&](const LowRankUpdate& update, float scale, const array& onto) {
        const array inner = matmul(dropped(update, x), swapaxes(update.down, -1, -2));
        const array up = swapaxes(update.up, -1, -2);
        const array scaled = times(inner, scale);
        if (scaled.dtype() == onto.dtype()) return addmm(onto, scaled, up);
        return add(onto, astype(matmul(scaled, up), onto.dtype()));
      },
      [](const array& factors) { return factors; });
}

array updated_rows(const LowRankUpdates& updates, const StoredWeight& weight, const array& indices,
                   const array& rows) {
  return updated(
      updates, weight, rows,
      [&](const LowRankUpdate& update, float scale, const array& onto) {
        const array inner = times(take(update.up, indices, 0), scale);
        return add(onto, astype(matmul(inner, update.down), onto.dtype()));
      },
      [&](const array& factors) { return expand_dims(take(factors, indices, 0), -1); });
}

array updated_expert_product(const LowRankUpdates& updates, const StoredWeight& weight,
                             const array& x, const array& experts, const std::optional<array>& rows,
                             const array& product) {
  return updated(
      updates, weight, product,
      [&](const LowRankUpdate& update, float scale, const array& onto) {
        const array seen = expand_dims(dropped(update, x), 1);
        const array inner = gather_mm(seen, swapaxes(update.down, 1, 2), rows, experts);
        const array change =
            gather_mm(times(inner, scale), swapaxes(update.up, 1, 2), std::nullopt, experts);
        return add(onto, astype(squeeze(change, 1), onto.dtype()));
      },
      [&](const array& factors) { return take(factors, experts, 0); });
}

}  // namespace quern::models
