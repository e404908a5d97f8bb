#include "engine/ops/creation.h"
#include "engine/ops/fast_fallback.h"
#include "engine/ops/shape.h"
#include "engine/primitives/batch.h"
#include "engine/primitives/fast.h"
#include "engine/transforms/transforms.h"

namespace quern::fast {

namespace {

/// The batch's elements as more sequences: [V, B, ...] as [V * B, ...]. The mask stays as it is
/// where all sequences share it.
Arrays fold_batch(const Arrays& inputs, const std::vector<int>& axes, bool has_mask,
                  bool has_sinks) {
  const ShapeElem size = batch_size(inputs, axes);
  Arrays folded = inputs;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool is_mask = has_mask && i == 3, is_sinks = has_sinks && i == size_t(3 + has_mask);
    if (is_sinks) continue;
    array a = axes[i] == -1 ? expand_dims(inputs[i], 0) : moveaxis(inputs[i], axes[i], 0);
    Shape shape = a.shape();
    if (is_mask) {
      // All four axes of the scores.
      shape = Shape(1, a.shape(0));
      for (size_t axis = a.ndim(); axis < 5; ++axis) shape.push_back(1);
      shape.insert(shape.end(), a.shape().begin() + 1, a.shape().end());
      a = reshape(a, shape);
      if (shape[0] == 1 && shape[1] == 1) {
        folded[i] = squeeze(a, 0);
        continue;
      }
      shape[1] = inputs[0].shape(axes[0] == 0 ? 1 : 0);
    }
    shape[0] = size;
    folded[i] = flatten(broadcast_to(a, shape), 0, 1);
  }
  return folded;
}

/// The array's first axis of V * B as V and B.
array unfold(const array& a, ShapeElem size) {
  return unflatten(a, 0, {size, ShapeElem(a.shape(0) / size)});
}

}  // namespace

std::vector<Shape> ScaledDotProductAttention::output_shapes(const Arrays& inputs) const {
  Shape shape = inputs[0].shape();
  shape.back() = inputs[2].shape(-1);
  return {shape};
}

Arrays ScaledDotProductAttention::vjp(const Arrays& primals, const Arrays& cotangents,
                                      const std::vector<int>& argnums,
                                      const Arrays& outputs) const {
  const bool is_additive = has_mask && primals[3].dtype() != bool_;
  for (const int i : argnums) {
    // The gradient of an additive mask is as large as the scores anyway.
    if (is_additive && i == 3) return Fused::vjp(primals, cotangents, argnums, outputs);
  }
  Arrays inputs = primals;
  inputs.push_back(outputs[0]);
  inputs.push_back(cotangents[0]);
  const auto gradient =
      make_pooled<ScaledDotProductAttentionVJP>(stream(), scale, causal, has_mask, has_sinks);
  Arrays like = {primals[0], primals[1], primals[2]};
  if (has_sinks) like.push_back(primals.back());
  std::vector<Dtype> dtypes;
  for (const array& a : like) dtypes.push_back(a.dtype());
  const Arrays all = array::make_arrays(gradient->output_shapes(inputs), dtypes, gradient, inputs);
  Arrays gradients;
  for (const int i : argnums) {
    if (has_mask && i == 3)
      gradients.push_back(zeros_like(primals[3]));
    else
      gradients.push_back(i < 3 ? all[size_t(i)] : all.back());
  }
  return gradients;
}

Batched ScaledDotProductAttention::vmap(const Arrays& inputs, const std::vector<int>& axes,
                                        const Arrays& outputs) const {
  if (has_sinks && axes.back() != -1) return Fused::vmap(inputs, axes, outputs);
  const Arrays folded = fold_batch(inputs, axes, has_mask, has_sinks);
  const array out(output_shapes(folded)[0], outputs[0].dtype(), shared_from_this(), folded);
  return {{unfold(out, batch_size(inputs, axes))}, {0}};
}

Arrays ScaledDotProductAttention::fallback(const Arrays& in) const {
  const auto mask = has_mask ? std::optional(in[3]) : std::nullopt;
  const auto sinks = has_sinks ? std::optional(in[has_mask ? 4 : 3]) : std::nullopt;
  return {fallback::scaled_dot_product_attention(in[0], in[1], in[2], scale, causal, mask, sinks)};
}

std::vector<Shape> AttentionOfSequences::output_shapes(const Arrays& inputs) const {
  Shape shape = inputs[0].shape();
  shape.back() = inputs[2].shape(-1);
  return {shape};
}

Arrays AttentionOfSequences::fallback(const Arrays& in) const {
  const auto sinks = has_sinks ? std::optional(in.back()) : std::nullopt;
  Arrays results;
  for (int i = 0; i < in[0].shape(0); ++i) {
    Shape from(4, 0), to = in[0].shape();
    from[0] = i;
    to[0] = i + 1;
    results.push_back(fallback::scaled_dot_product_attention(
        slice(in[0], from, to), in[size_t(1 + 2 * i)], in[size_t(2 + 2 * i)], scale, false,
        std::nullopt, sinks));
  }
  return {concatenate(std::move(results), 0)};
}

std::vector<Shape> ScaledDotProductAttentionVJP::output_shapes(const Arrays& inputs) const {
  std::vector<Shape> shapes = {inputs[0].shape(), inputs[1].shape(), inputs[2].shape()};
  if (has_sinks) shapes.push_back(inputs[has_mask ? 4 : 3].shape());
  return shapes;
}

Batched ScaledDotProductAttentionVJP::vmap(const Arrays& inputs, const std::vector<int>& axes,
                                           const Arrays& outputs) const {
  // The kernel adds up the sinks' gradients over all sequences.
  if (has_sinks) return Fused::vmap(inputs, axes, outputs);
  const Arrays folded = fold_batch(inputs, axes, has_mask, has_sinks);
  std::vector<Dtype> dtypes;
  for (const array& a : outputs) dtypes.push_back(a.dtype());
  Arrays gradients = array::make_arrays(output_shapes(folded), dtypes, shared_from_this(), folded);
  for (array& g : gradients) g = unfold(g, batch_size(inputs, axes));
  return {std::move(gradients), std::vector<int>(outputs.size(), 0)};
}

Arrays ScaledDotProductAttentionVJP::fallback(const Arrays& in) const {
  const ScaledDotProductAttention forward(stream(), scale, causal, has_mask, has_sinks);
  const size_t sinks = has_mask ? 4 : 3;
  Arrays primals = {in[0], in[1], in[2]};
  if (has_sinks) primals.push_back(in[sinks]);
  const auto fun = [&](const Arrays& some) {
    Arrays all(in.begin(), in.end() - 2);
    std::copy(some.begin(), some.begin() + 3, all.begin());
    if (has_sinks) all[sinks] = some[3];
    return forward.fallback(all);
  };
  return quern::vjp(fun, primals, {in.back()}).second;
}

}  // namespace quern::fast
