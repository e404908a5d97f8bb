#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/quantized.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/primitives/batch.h"
#include "engine/primitives/quantized.h"

namespace quern {

namespace {

std::vector<Dtype> dtypes_of(const Arrays& arrays) {
  std::vector<Dtype> dtypes;
  for (const array& a : arrays) dtypes.push_back(a.dtype());
  return dtypes;
}

/// The same primitive over other inputs.
Arrays applied(const Primitive& primitive, const Arrays& inputs, const Arrays& like) {
  return array::make_arrays(primitive.output_shapes(inputs), dtypes_of(like),
                            primitive.shared_from_this(), inputs);
}

/// The first `count` inputs treat each row on its own: a batch is more rows. The global scale that
/// may follow them serves all rows, so that a batch of it is computed one by one.
Batched map_rows(const Primitive& primitive, const Arrays& inputs, const std::vector<int>& axes,
                 size_t count, const Arrays& outputs) {
  const std::vector<int> row_axes(axes.begin(), axes.begin() + ptrdiff_t(count));
  const bool by_one = inputs.size() > count && axes[count] != -1;
  Arrays batched = inputs;
  if (by_one) {
    batched = broadcast_batch_first(inputs, axes);
  } else {
    const Arrays rows =
        broadcast_batch_first(Arrays(inputs.begin(), inputs.begin() + ptrdiff_t(count)), row_axes);
    std::copy(rows.begin(), rows.end(), batched.begin());
    return {applied(primitive, batched, outputs), std::vector<int>(outputs.size(), 0)};
  }
  std::vector<Arrays> results(outputs.size());
  for (ShapeElem i = 0; i < batched[0].shape(0); ++i) {
    Arrays one;
    for (const array& a : batched) {
      Shape start(a.ndim(), 0), stop = a.shape();
      start[0] = i;
      stop[0] = i + 1;
      one.push_back(squeeze(slice(a, start, stop), 0));
    }
    const Arrays computed = applied(primitive, one, outputs);
    for (size_t k = 0; k < results.size(); ++k) results[k].push_back(computed[k]);
  }
  Arrays stacked;
  for (size_t k = 0; k < results.size(); ++k) {
    Shape none = outputs[k].shape();
    none.insert(none.begin(), 0);
    stacked.push_back(results[k].empty() ? zeros(none, outputs[k].dtype()) : stack(results[k], 0));
  }
  return {std::move(stacked), std::vector<int>(outputs.size(), 0)};
}

[[noreturn]] void no_derivative(const char* transform) {
  throw std::invalid_argument(fmt::format(
      "[{}] quantize has no derivative; put what it quantizes behind stop_gradient", transform));
}

}  // namespace

// Quantize

std::vector<Shape> Quantize::output_shapes(const Arrays& inputs) const {
  Shape packed = inputs[0].shape(), groups = packed;
  packed.back() = ShapeElem(int64_t(packed.back()) * quantization.bits / 32);
  groups.back() /= quantization.group_size;
  if (!quantization.has_biases()) return {packed, groups};
  return {packed, groups, groups};
}

Arrays Quantize::vjp(const Arrays&, const Arrays&, const std::vector<int>&, const Arrays&) const {
  no_derivative("vjp");
}

Arrays Quantize::jvp(const Arrays&, const Arrays&, const std::vector<int>&, const Arrays&) const {
  no_derivative("jvp");
}

Batched Quantize::vmap(const Arrays& inputs, const std::vector<int>& axes,
                       const Arrays& outputs) const {
  return map_rows(*this, inputs, axes, 1, outputs);
}

// Dequantize

std::vector<Shape> Dequantize::output_shapes(const Arrays& inputs) const {
  return {unpacked_shape(inputs[0].shape(), quantization)};
}

namespace {

/// What a global scale multiplies: its derivative.
array without_global_scale(const Quantization& q, const Arrays& inputs) {
  const array decoded = dequantize(inputs[0], inputs[1], std::nullopt, q.group_size, q.bits,
                                   mode_name(q.mode), std::nullopt, float32);
  return multiply(decoded, array(1 / global_scale_range, float32));
}

}  // namespace

Arrays Dequantize::vjp(const Arrays& primals, const Arrays& cotangents,
                       const std::vector<int>& argnums, const Arrays&) const {
  const Quantization& q = quantization;
  require_differentiable(q, argnums, 0, "dequantize");
  const array c = astype(cotangents[0], float32);
  Arrays gradients;
  for (const int i : argnums) {
    if (!q.has_biases()) {
      gradients.push_back(sum(multiply(c, without_global_scale(q, primals))));
      continue;
    }
    const array groups = unflatten(c, -1, {primals[1].shape(-1), q.group_size});
    const array g = i == 1 ? multiply(groups, group_integers(primals[0], q)) : groups;
    gradients.push_back(astype(sum(g, -1), primals[size_t(i)].dtype()));
  }
  return gradients;
}

Arrays Dequantize::jvp(const Arrays& primals, const Arrays& tangents,
                       const std::vector<int>& argnums, const Arrays& outputs) const {
  const Quantization& q = quantization;
  require_differentiable(q, argnums, 0, "dequantize");
  const Dtype dtype = outputs[0].dtype();
  if (!q.has_biases()) {
    return {astype(multiply(without_global_scale(q, primals), tangents[0]), dtype)};
  }
  Arrays parameters = {zeros_like(primals[1]), zeros_like(primals[2])};
  for (size_t k = 0; k < argnums.size(); ++k) parameters[size_t(argnums[k] - 1)] = tangents[k];
  return {dequantize(primals[0], parameters[0], parameters[1], q.group_size, q.bits,
                     mode_name(q.mode), std::nullopt, dtype)};
}

Batched Dequantize::vmap(const Arrays& inputs, const std::vector<int>& axes,
                         const Arrays& outputs) const {
  return map_rows(*this, inputs, axes, quantization.has_biases() ? 3 : 2, outputs);
}

// QuantizeRoundTrip

Arrays QuantizeRoundTrip::vjp(const Arrays& primals, const Arrays& cotangents,
                              const std::vector<int>& argnums, const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(i == 0 ? astype(cotangents[0], primals[0].dtype())
                               : zeros_like(primals[size_t(i)]));
  }
  return gradients;
}

Arrays QuantizeRoundTrip::jvp(const Arrays&, const Arrays& tangents,
                              const std::vector<int>& argnums, const Arrays& outputs) const {
  for (size_t k = 0; k < argnums.size(); ++k) {
    if (argnums[k] == 0) return {astype(tangents[k], float32)};
  }
  return {zeros_like(outputs[0])};
}

Batched QuantizeRoundTrip::vmap(const Arrays& inputs, const std::vector<int>& axes,
                                const Arrays& outputs) const {
  return map_rows(*this, inputs, axes, 1, outputs);
}

}  // namespace quern
