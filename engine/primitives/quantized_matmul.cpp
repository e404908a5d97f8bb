#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/primitives/batch.h"
#include "engine/primitives/matmul.h"
#include "engine/primitives/quantized.h"

namespace quern {

namespace {

/// a summed over what was broadcast to make it from something of this shape.
array sum_to(const array& a, const Shape& shape) {
  const size_t added = a.ndim() - shape.size();
  std::vector<int> repeated;
  for (size_t i = 0; i < a.ndim(); ++i) {
    if (i < added || (shape[i - added] == 1 && a.shape()[i] != 1)) repeated.push_back(int(i));
  }
  return repeated.empty() ? a : reshape(sum(a, repeated), shape);
}

/// Scales and biases of a packed weight among a primitive's inputs: inputs[1] on.
std::optional<array> biases_of(const Quantization& q, const Arrays& inputs) {
  return q.has_biases() ? std::optional(inputs[3]) : std::nullopt;
}

array product(const Quantization& q, const array& x, const Arrays& inputs, bool transpose) {
  return quantized_matmul(x, inputs[1], inputs[2], biases_of(q, inputs), transpose, q.group_size,
                          q.bits, mode_name(q.mode));
}

array gathered(const Quantization& q, const array& x, const Arrays& inputs,
               const std::optional<array>& lhs, bool transpose) {
  return gather_qmm(x, inputs[1], inputs[2], biases_of(q, inputs), lhs, inputs.back(), transpose,
                    q.group_size, q.bits, mode_name(q.mode));
}

/// The inputs with the tangents in the places of scales and biases, or zeros where there are none:
/// the products are linear in them.
Arrays with_parameter_tangents(const Arrays& inputs, const Arrays& tangents,
                               const std::vector<int>& argnums) {
  Arrays out = inputs;
  out[2] = zeros_like(inputs[2]);
  out[3] = zeros_like(inputs[3]);
  for (size_t k = 0; k < argnums.size(); ++k) {
    if (argnums[k] == 2 || argnums[k] == 3) out[size_t(argnums[k])] = tangents[k];
  }
  return out;
}

bool asks_for(const std::vector<int>& argnums, int first, int last) {
  return std::any_of(argnums.begin(), argnums.end(),
                     [&](int i) { return i >= first && i <= last; });
}

/// The gradient of the unpacked weight, in groups: [..., N, K / group_size, group_size].
array weight_gradient(const Quantization& q, const array& x, const array& c, bool transpose) {
  const array a = astype(transpose ? c : x, float32), b = astype(transpose ? x : c, float32);
  const array w = matmul(swapaxes(a, -1, -2), b);
  return unflatten(w, -1, {w.shape(-1) / q.group_size, q.group_size});
}

/// The batch of an operand with `rank` axes between it and the matrix, so that the batches of all
/// operands meet.
array with_leading_axes(const array& a, size_t rank) {
  Shape shape(1, a.shape(0));
  for (size_t i = a.ndim(); i < rank + 3; ++i) shape.push_back(1);
  shape.insert(shape.end(), a.shape().begin() + 1, a.shape().end());
  return reshape(a, std::move(shape));
}

}  // namespace

// QuantizedMatmul

std::vector<Shape> QuantizedMatmul::output_shapes(const Arrays& inputs) const {
  Shape w = unpacked_shape(inputs[1].shape(), quantization);
  if (transpose) std::swap(w[w.size() - 1], w[w.size() - 2]);
  return {matmul_shape(inputs[0].shape(), w, "quantized_matmul")};
}

Arrays QuantizedMatmul::vjp(const Arrays& primals, const Arrays& cotangents,
                            const std::vector<int>& argnums, const Arrays&) const {
  const Quantization& q = quantization;
  require_differentiable(q, argnums, 1, "quantized_matmul");
  const array &x = primals[0], &c = cotangents[0];
  std::optional<array> groups;
  if (asks_for(argnums, 2, 3)) {
    // One matrix of all rows, where one packed matrix serves them all.
    const bool is_single = primals[1].ndim() == 2;
    groups = weight_gradient(q, is_single ? flatten(x, 0, -2) : x,
                             is_single ? flatten(c, 0, -2) : c, transpose);
  }
  Arrays gradients;
  for (const int i : argnums) {
    const array& primal = primals[size_t(i)];
    if (i == 0) {
      gradients.push_back(
          astype(sum_to(product(q, c, primals, !transpose), x.shape()), primal.dtype()));
      continue;
    }
    const array of_groups = i == 2 ? multiply(*groups, group_integers(primals[1], q)) : *groups;
    gradients.push_back(astype(sum_to(sum(of_groups, -1), primal.shape()), primal.dtype()));
  }
  return gradients;
}

Arrays QuantizedMatmul::jvp(const Arrays& primals, const Arrays& tangents,
                            const std::vector<int>& argnums, const Arrays& outputs) const {
  const Quantization& q = quantization;
  require_differentiable(q, argnums, 1, "quantized_matmul");
  std::optional<array> total;
  if (argnums[0] == 0) total = product(q, tangents[0], primals, transpose);
  if (asks_for(argnums, 2, 3)) {
    const array of_parameters =
        product(q, primals[0], with_parameter_tangents(primals, tangents, argnums), transpose);
    total = total ? add(*total, of_parameters) : of_parameters;
  }
  return {astype(*total, outputs[0].dtype())};
}

Batched QuantizedMatmul::vmap(const Arrays& inputs, const std::vector<int>& axes,
                              const Arrays& outputs) const {
  const std::vector<int> w_axes(axes.begin() + 1, axes.end());
  const bool w_mapped = std::any_of(w_axes.begin(), w_axes.end(), [](int a) { return a != -1; });
  const size_t rank = outputs[0].ndim() - 2;
  Arrays batched = inputs;
  if (axes[0] != -1) batched[0] = with_leading_axes(moveaxis(inputs[0], axes[0], 0), rank);
  if (w_mapped) {
    const Arrays weight = broadcast_batch_first(Arrays(inputs.begin() + 1, inputs.end()), w_axes);
    for (size_t i = 0; i < weight.size(); ++i) batched[i + 1] = with_leading_axes(weight[i], rank);
  }
  return {{array(output_shapes(batched)[0], outputs[0].dtype(), shared_from_this(), batched)}, {0}};
}

// QuantizedMatmuls

std::vector<Shape> QuantizedMatmuls::output_shapes(const Arrays& inputs) const {
  std::vector<Shape> shapes;
  for (size_t i = 1; i < inputs.size(); i += parts()) {
    Shape w = unpacked_shape(inputs[i].shape(), quantization);
    std::swap(w[0], w[1]);
    shapes.push_back(matmul_shape(inputs[0].shape(), w, "quantized_matmuls"));
  }
  return shapes;
}

Arrays QuantizedMatmuls::fallback(const Arrays& inputs) const {
  Arrays products;
  for (size_t i = 1; i < inputs.size(); i += parts()) {
    Arrays own = {inputs[0]};
    own.insert(own.end(), inputs.begin() + int64_t(i), inputs.begin() + int64_t(i + parts()));
    products.push_back(product(quantization, inputs[0], own, true));
  }
  return products;
}

// GatherQMM

namespace {

/// Matrices of the leading axes in one axis.
array as_matrices(const array& a) { return a.ndim() == 2 ? expand_dims(a, 0) : flatten(a, 0, -3); }

/// The sums of updates [indices..., rows, columns] by their number: [count, rows, columns].
array sum_by_number(const array& updates, const array& numbers, int count) {
  const array none = zeros({count, updates.shape(-2), updates.shape(-1)}, float32);
  return scatter_add(none, flatten(numbers), expand_dims(astype(as_matrices(updates), float32), 1),
                     0);
}

}  // namespace

std::vector<Shape> GatherQMM::output_shapes(const Arrays& inputs) const {
  const Shape& x = inputs[0].shape();
  Shape w = unpacked_shape(inputs[1].shape(), quantization);
  if (transpose) std::swap(w[w.size() - 1], w[w.size() - 2]);
  const Shape one =
      matmul_shape(Shape(x.end() - 2, x.end()), Shape(w.end() - 2, w.end()), "gather_qmm");
  Shape out = inputs.back().shape();
  out.insert(out.end(), one.begin(), one.end());
  return {std::move(out)};
}

Arrays GatherQMM::vjp(const Arrays& primals, const Arrays& cotangents,
                      const std::vector<int>& argnums, const Arrays&) const {
  const Quantization& q = quantization;
  require_differentiable(q, argnums, 1, "gather_qmm");
  const array &x = primals[0], &c = cotangents[0];
  const array &lhs = primals[primals.size() - 2], &rhs = primals.back();
  const array x_matrices = as_matrices(x);
  std::optional<array> groups;
  if (q.has_biases() && asks_for(argnums, 2, 3))
    groups = weight_gradient(q, take(x_matrices, lhs, 0), c, transpose);
  Arrays gradients;
  for (const int i : argnums) {
    const array& primal = primals[size_t(i)];
    if (i == 0) {
      const array per_product = gathered(q, c, primals, std::nullopt, !transpose);
      gradients.push_back(astype(
          reshape(sum_by_number(per_product, lhs, x_matrices.shape(0)), x.shape()), x.dtype()));
    } else if (q.has_biases() && i <= 3) {
      const int count = as_matrices(primals[1]).shape(0);
      array of_groups = *groups;
      if (i == 2) {
        const array integers =
            reshape(group_integers(primals[1], q),
                    {count, of_groups.shape(-3), of_groups.shape(-2), of_groups.shape(-1)});
        of_groups = multiply(of_groups, take(integers, rhs, 0));
      }
      gradients.push_back(astype(
          reshape(sum_by_number(sum(of_groups, -1), rhs, count), primal.shape()), primal.dtype()));
    } else {
      gradients.push_back(zeros_like(primal));
    }
  }
  return gradients;
}

Arrays GatherQMM::jvp(const Arrays& primals, const Arrays& tangents,
                      const std::vector<int>& argnums, const Arrays& outputs) const {
  const Quantization& q = quantization;
  require_differentiable(q, argnums, 1, "gather_qmm");
  const array& lhs = primals[primals.size() - 2];
  std::optional<array> total;
  if (argnums[0] == 0) total = gathered(q, tangents[0], primals, lhs, transpose);
  if (q.has_biases() && asks_for(argnums, 2, 3)) {
    const array of_parameters = gathered(
        q, primals[0], with_parameter_tangents(primals, tangents, argnums), lhs, transpose);
    total = total ? add(*total, of_parameters) : of_parameters;
  }
  return {total ? astype(*total, outputs[0].dtype()) : zeros_like(outputs[0])};
}

Batched GatherQMM::vmap(const Arrays& inputs, const std::vector<int>& axes,
                        const Arrays& outputs) const {
  const size_t indices = inputs.size() - 2;
  const ShapeElem size = batch_size(inputs, axes);
  const std::vector<int> w_axes(axes.begin() + 1, axes.begin() + ptrdiff_t(indices));
  const bool w_mapped = std::any_of(w_axes.begin(), w_axes.end(), [](int a) { return a != -1; });
  Arrays batched = inputs;
  if (axes[0] != -1) batched[0] = moveaxis(inputs[0], axes[0], 0);
  if (w_mapped) {
    const Arrays weight = broadcast_batch_first(
        Arrays(inputs.begin() + 1, inputs.begin() + ptrdiff_t(indices)), w_axes);
    std::copy(weight.begin(), weight.end(), batched.begin() + 1);
  }
  // The matrices of batch i are numbered after those of the batches before it.
  for (size_t i = indices; i < inputs.size(); ++i) {
    const bool is_lhs = i == indices;
    array numbers = axes[i] == -1 ? expand_dims(inputs[i], 0) : moveaxis(inputs[i], axes[i], 0);
    Shape to = numbers.shape(), first(numbers.ndim(), 1);
    first[0] = to[0] = size;
    if (is_lhs ? axes[0] != -1 : w_mapped) {
      const Shape& operand = batched[is_lhs ? 0 : 1].shape();
      const auto count = element_count(Shape(operand.begin() + 1, operand.end() - 2));
      const array offsets = multiply(arange(0.0, double(size), uint32), array(count, uint32));
      numbers = add(numbers, reshape(offsets, first));
    }
    batched[i] = broadcast_to(numbers, to);
  }
  const auto unsorted = make_pooled<GatherQMM>(stream(), quantization, transpose, false, rounds_x);
  return {{array(unsorted->output_shapes(batched)[0], outputs[0].dtype(), unsorted, batched)}, {0}};
}

}  // namespace quern
