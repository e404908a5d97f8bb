#include "engine/primitives/fast.h"

#include "engine/ops/fast_fallback.h"
#include "engine/ops/shape.h"
#include "engine/primitives/batch.h"
#include "engine/transforms/transforms.h"

namespace quern::fast {

namespace {

using Function = std::function<Arrays(const Arrays&)>;

/// The fallback as a function of some of its inputs.
Function of_some(const Fused& fused, const Arrays& inputs, const std::vector<int>& argnums) {
  return [&fused, inputs, argnums](const Arrays& some) {
    Arrays all = inputs;
    for (size_t i = 0; i < argnums.size(); ++i) all[size_t(argnums[i])] = some[i];
    return fused.fallback(all);
  };
}

Arrays pick(const Arrays& all, const std::vector<int>& numbers) {
  Arrays some;
  for (const int i : numbers) some.push_back(all[size_t(i)]);
  return some;
}

std::vector<Dtype> dtypes_of(const Arrays& arrays, size_t count) {
  std::vector<Dtype> dtypes;
  for (size_t i = 0; i < count; ++i) dtypes.push_back(arrays[i].dtype());
  return dtypes;
}

std::vector<Shape> shapes_of(const Arrays& arrays, size_t count) {
  std::vector<Shape> shapes;
  for (size_t i = 0; i < count; ++i) shapes.push_back(arrays[i].shape());
  return shapes;
}

/// The outputs of a gradient's primitive: one like each of the first `count` inputs.
Arrays gradient_node(std::shared_ptr<const Primitive> gradient, const Arrays& inputs,
                     size_t count) {
  return array::make_arrays(shapes_of(inputs, count), dtypes_of(inputs, count), std::move(gradient),
                            inputs);
}

/// The gradients of a fallback: the last input is the cotangent of its only output.
Arrays fallback_gradients(const std::function<array(const Arrays&)>& fallback,
                          const Arrays& inputs) {
  const Arrays primals(inputs.begin(), inputs.end() - 1);
  const Function fun = [&](const Arrays& in) { return Arrays{fallback(in)}; };
  return quern::vjp(fun, primals, {inputs.back()}).second;
}

bool only_first_mapped(const std::vector<int>& axes) {
  for (size_t i = 1; i < axes.size(); ++i) {
    if (axes[i] != -1) return false;
  }
  return true;
}

/// A batch of what treats each row of its first input on its own.
Batched map_first(const Primitive& primitive, const Arrays& inputs, const std::vector<int>& axes,
                  const Arrays& outputs) {
  const Arrays batched = batch_first(inputs, axes);
  return {{array(batched[0].shape(), outputs[0].dtype(), primitive.shared_from_this(), batched)},
          {0}};
}

}  // namespace

// Fused

Arrays Fused::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                  const Arrays&) const {
  return quern::vjp(of_some(*this, primals, argnums), pick(primals, argnums), cotangents).second;
}

Arrays Fused::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                  const Arrays&) const {
  return quern::jvp(of_some(*this, primals, argnums), pick(primals, argnums), tangents).second;
}

Batched Fused::vmap(const Arrays& inputs, const std::vector<int>& axes,
                    const Arrays& outputs) const {
  const Function fun = [this](const Arrays& in) { return fallback(in); };
  const std::vector<int> first(outputs.size(), 0);
  return {quern::vmap(fun, axes, first)(inputs), first};
}

// CrossEntropy

std::vector<Shape> CrossEntropy::output_shapes(const Arrays& inputs) const {
  return {inputs[1].shape()};
}

Arrays CrossEntropy::vjp(const Arrays& primals, const Arrays& cotangents,
                         const std::vector<int>& argnums, const Arrays&) const {
  Arrays gradients = zeros_of(primals, argnums);
  for (size_t k = 0; k < argnums.size(); ++k) {
    if (argnums[k] != 0) continue;
    gradients[k] =
        array(primals[0].shape(), primals[0].dtype(), make_pooled<CrossEntropyVJP>(stream()),
              {primals[0], primals[1], cotangents[0]});
  }
  return gradients;
}

Arrays CrossEntropy::fallback(const Arrays& in) const {
  return {fallback::cross_entropy(in[0], in[1])};
}

std::vector<Shape> CrossEntropyVJP::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

Arrays CrossEntropyVJP::fallback(const Arrays& in) const {
  const auto loss = [&](const Arrays& x) { return Arrays{fallback::cross_entropy(x[0], in[1])}; };
  return quern::vjp(loss, {in[0]}, {in[2]}).second;
}

// RMSNorm

std::vector<Shape> RMSNorm::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

Arrays RMSNorm::vjp(const Arrays& primals, const Arrays& cotangents,
                    const std::vector<int>& argnums, const Arrays&) const {
  Arrays inputs = primals;
  inputs.push_back(cotangents[0]);
  return pick(gradient_node(make_pooled<RMSNormVJP>(stream(), eps), inputs, primals.size()),
              argnums);
}

Batched RMSNorm::vmap(const Arrays& inputs, const std::vector<int>& axes,
                      const Arrays& outputs) const {
  return only_first_mapped(axes) ? map_first(*this, inputs, axes, outputs)
                                 : Fused::vmap(inputs, axes, outputs);
}

Arrays RMSNorm::fallback(const Arrays& in) const {
  return {fallback::rms_norm(in[0], in.size() > 1 ? std::optional(in[1]) : std::nullopt, eps)};
}

std::vector<Shape> RMSNormVJP::output_shapes(const Arrays& inputs) const {
  return shapes_of(inputs, inputs.size() - 1);
}

Arrays RMSNormVJP::fallback(const Arrays& in) const {
  const RMSNorm forward(stream(), eps);
  return fallback_gradients([&](const Arrays& x) { return forward.fallback(x)[0]; }, in);
}

// LayerNorm

std::vector<Shape> LayerNorm::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

Arrays LayerNorm::vjp(const Arrays& primals, const Arrays& cotangents,
                      const std::vector<int>& argnums, const Arrays&) const {
  Arrays inputs = primals;
  inputs.push_back(cotangents[0]);
  const auto gradient = make_pooled<LayerNormVJP>(stream(), eps, has_weight, has_bias);
  return pick(gradient_node(gradient, inputs, primals.size()), argnums);
}

Batched LayerNorm::vmap(const Arrays& inputs, const std::vector<int>& axes,
                        const Arrays& outputs) const {
  return only_first_mapped(axes) ? map_first(*this, inputs, axes, outputs)
                                 : Fused::vmap(inputs, axes, outputs);
}

Arrays LayerNorm::fallback(const Arrays& in) const {
  const auto weight = has_weight ? std::optional(in[1]) : std::nullopt;
  const auto bias = has_bias ? std::optional(in[has_weight ? 2 : 1]) : std::nullopt;
  return {fallback::layer_norm(in[0], weight, bias, eps)};
}

std::vector<Shape> LayerNormVJP::output_shapes(const Arrays& inputs) const {
  return shapes_of(inputs, inputs.size() - 1);
}

Arrays LayerNormVJP::fallback(const Arrays& in) const {
  const LayerNorm forward(stream(), eps, has_weight, has_bias);
  return fallback_gradients([&](const Arrays& x) { return forward.fallback(x)[0]; }, in);
}

// RoPE

std::vector<Shape> RoPE::output_shapes(const Arrays& inputs) const { return {inputs[0].shape()}; }

array RoPE::turned(const array& x, const Arrays& inputs, bool ahead) const {
  Arrays in = inputs;
  in[0] = x;
  return array(x.shape(), x.dtype(),
               make_pooled<RoPE>(stream(), dims, traditional, base, scale, ahead), std::move(in));
}

Arrays RoPE::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                 const Arrays&) const {
  Arrays gradients = zeros_of(primals, argnums);
  for (size_t k = 0; k < argnums.size(); ++k) {
    if (argnums[k] == 0) gradients[k] = turned(cotangents[0], primals, !forward);
  }
  return gradients;
}

Arrays RoPE::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                 const Arrays&) const {
  if (argnums[0] == 0) return {turned(tangents[0], primals, forward)};
  return zeros_of(primals, {0});
}

Batched RoPE::vmap(const Arrays& inputs, const std::vector<int>& axes,
                   const Arrays& outputs) const {
  if (axes.size() > 2 && axes[2] != -1) return Fused::vmap(inputs, axes, outputs);
  if (axes[1] == -1 && inputs[1].size() == 1) return map_first(*this, inputs, axes, outputs);
  // Each sequence of the batch has its own offset: all are sequences of one larger batch.
  const Arrays batched = broadcast_batch_first({inputs[0], inputs[1]}, {axes[0], axes[1]});
  const ShapeElem size = batched[0].shape(0), sequences = batched[0].shape(1);
  const array offsets = reshape(batched[1], {size, ShapeElem(batched[1].size() / size_t(size))});
  Arrays in = inputs;
  in[1] = flatten(broadcast_to(offsets, {size, sequences}));
  return {{unflatten(turned(flatten(batched[0], 0, 1), in, forward), 0, {size, sequences})}, {0}};
}

Arrays RoPE::fallback(const Arrays& in) const {
  const auto freqs = in.size() > 2 ? std::optional(in[2]) : std::nullopt;
  return {fallback::rope(in[0], dims, traditional, base, scale, in[1], freqs, forward)};
}

}  // namespace quern::fast
