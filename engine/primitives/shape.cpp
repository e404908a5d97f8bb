#include "engine/primitives/shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/graph/trace.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/primitives/axes.h"
#include "engine/primitives/batch.h"

namespace quern {

// AsStrided

std::vector<Shape> AsStrided::output_shapes(const Arrays& inputs) const {
  require_inside(shape, strides, offset, inputs[0].size());
  return {shape};
}

Arrays AsStrided::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                      const Arrays&) const {
  // Where each element of the output lies in the input.
  const array& a = primals[0];
  const Dtype dtype = a.size() > INT32_MAX ? int64 : int32;
  array places = full({}, int64_t(offset), dtype);
  for (size_t i = 0; i < shape.size(); ++i) {
    const array steps = multiply(arange(0.0, double(shape[i]), dtype), array(strides[i], dtype));
    places = add(expand_dims(places, -1), steps);
  }
  const array updates = reshape(cotangents[0], {int(cotangents[0].size()), 1});
  const array flat = zeros({int(a.size())}, cotangents[0].dtype());
  return {reshape_like(scatter_add(flat, flatten(places), updates, 0), a)};
}

Batched AsStrided::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const array a = moveaxis(inputs[0], axes[0], 0);
  Strides with_batch = strides;
  with_batch.insert(with_batch.begin(), int64_t(a.size()) / std::max(1, a.shape(0)));
  return {{as_strided(a, inserted(shape, 0, a.shape(0)), std::move(with_batch), offset)}, {0}};
}

void require_inside(const Shape& shape, const Strides& strides, size_t offset, size_t size) {
  int64_t low = int64_t(offset), high = int64_t(offset);
  for (size_t i = 0; i < shape.size(); ++i) {
    const int64_t reach = strides[i] * std::max(0, shape[i] - 1);
    (reach < 0 ? low : high) += reach;
  }
  if (element_count(shape) == 0 || (low >= 0 && high < int64_t(size))) return;
  throw std::invalid_argument(
      fmt::format("[as_strided] elements {} to {} of an array with {} elements would be read", low,
                  high, size));
}

// BroadcastTo

std::vector<Shape> BroadcastTo::output_shapes(const Arrays& inputs) const {
  if (inputs.size() > 1) {
    Shape common = inputs[0].shape();
    for (const array& other : inputs) common = broadcast_shapes(common, other.shape());
    return {std::move(common)};
  }
  const Shape& from = inputs[0].shape();
  Shape to = shape;
  for (size_t i = 0; i < to.size(); ++i) {
    if (to[i] == -1) to[i] = from[i + from.size() - to.size()];
  }
  if (!broadcasts_to(from, to)) {
    throw std::invalid_argument(fmt::format("[broadcast_to] shape {} does not broadcast to {}",
                                            to_string(from), to_string(to)));
  }
  return {std::move(to)};
}

Arrays BroadcastTo::vjp(const Arrays& primals, const Arrays& cotangents,
                        const std::vector<int>& argnums, const Arrays&) const {
  const Shape& from = primals[0].shape();
  const array& c = cotangents[0];
  const size_t added = c.ndim() - from.size();
  std::vector<int> repeated, leading;
  for (size_t i = 0; i < c.ndim(); ++i) {
    if (i < added) leading.push_back(int(i));
    if (i < added || from[i - added] != c.shape()[i]) repeated.push_back(int(i));
  }
  Arrays gradients;
  for (const int i : argnums) {
    if (i != 0) {
      gradients.push_back(zeros_like(primals[size_t(i)]));
      continue;
    }
    const array total = repeated.empty() ? c : astype(sum(c, repeated, true), c.dtype());
    gradients.push_back(leading.empty() ? total : squeeze(total, leading));
  }
  return gradients;
}

Batched BroadcastTo::vmap(const Arrays& inputs, const std::vector<int>& axes,
                          const Arrays& outputs) const {
  const Shape& inner = outputs[0].shape();
  const ShapeElem size = batch_size(inputs, axes);
  Arrays aligned;  // the batch, then ones up to the axes that the input has
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool mapped = axes[i] != -1;
    const array a = mapped ? moveaxis(inputs[i], axes[i], 0) : expand_dims(inputs[i], 0);
    std::vector<int> missing;
    for (size_t k = 0; k < inner.size() + 1 - a.ndim(); ++k) missing.push_back(int(k) + 1);
    aligned.push_back(missing.empty() ? a : expand_dims(a, missing));
  }
  Shape to = inserted(inner, 0, size);
  if (inputs.size() == 1) return {{broadcast_to(aligned[0], to)}, {0}};
  auto any = make_pooled<BroadcastTo>(stream(), to);
  return {{array(std::move(to), inputs[0].dtype(), std::move(any), std::move(aligned))}, {0}};
}

// Copy, StopGradient

std::vector<Shape> Copy::output_shapes(const Arrays& inputs) const { return {inputs[0].shape()}; }

Arrays Copy::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays&) const {
  return cotangents;
}

Arrays Copy::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                 const Arrays&) const {
  return tangents;
}

Batched Copy::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  return {{copy(inputs[0])}, axes};
}

std::vector<Shape> StopGradient::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

Arrays StopGradient::vjp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                         const Arrays&) const {
  return zeros_of(primals, argnums);
}

Arrays StopGradient::jvp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                         const Arrays&) const {
  return zeros_of(primals, argnums);
}

Batched StopGradient::vmap(const Arrays& inputs, const std::vector<int>& axes,
                           const Arrays&) const {
  return {{stop_gradient(inputs[0])}, axes};
}

// Transpose

std::vector<Shape> Transpose::output_shapes(const Arrays& inputs) const {
  Shape out;
  for (const int axis : axes) out.push_back(inputs[0].shape(axis));
  return {std::move(out)};
}

Arrays Transpose::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                      const Arrays&) const {
  std::vector<int> back(axes.size());
  for (size_t i = 0; i < axes.size(); ++i) back[size_t(axes[i])] = int(i);
  return {transpose(cotangents[0], std::move(back))};
}

Batched Transpose::vmap(const Arrays& inputs, const std::vector<int>& batch, const Arrays&) const {
  std::vector<int> shifted(1, batch[0]);
  for (const int axis : axes) shifted.push_back(axis + (axis >= batch[0] ? 1 : 0));
  return {{transpose(inputs[0], std::move(shifted))}, {0}};
}

// View

namespace {

/// Whether one of them consists of the other's elements, so that the view of a derivative is one.
bool is_linear(Dtype from, Dtype to) {
  return (from == float32 && to == complex64) || (from == complex64 && to == float32);
}

}  // namespace

std::vector<Shape> View::output_shapes(const Arrays& inputs) const {
  return {viewed_shape(inputs[0], dtype)};
}

Arrays View::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                 const Arrays&) const {
  const Dtype from = primals[0].dtype();
  return {is_linear(from, dtype) ? view(cotangents[0], from) : zeros_like(primals[0])};
}

Arrays View::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>&,
                 const Arrays& outputs) const {
  return {is_linear(primals[0].dtype(), dtype) ? view(tangents[0], dtype) : zeros_like(outputs[0])};
}

Batched View::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  return {{view(moveaxis(inputs[0], axes[0], 0), dtype)}, {0}};
}

Shape viewed_shape(const array& a, Dtype dtype) {
  Shape out = a.shape();
  if (a.itemsize() == dtype.size()) return out;
  if (a.ndim() == 0) {
    throw std::invalid_argument(
        fmt::format("[view] a scalar {} has no {} view", dtype_name(a.dtype()), dtype_name(dtype)));
  }
  const int64_t bytes = int64_t(out.back()) * int64_t(a.itemsize());
  if (bytes % dtype.size() != 0) {
    throw std::invalid_argument(fmt::format(
        "[view] a last axis of {} bytes does not divide into {}", bytes, dtype_name(dtype)));
  }
  const int64_t length = bytes / dtype.size();
  if (length > INT32_MAX) {
    throw std::overflow_error(
        fmt::format("[view] {} elements of {} do not fit one axis", length, dtype_name(dtype)));
  }
  out.back() = ShapeElem(length);
  return out;
}

// Depends

std::vector<Shape> Depends::output_shapes(const Arrays& inputs) const {
  std::vector<Shape> shapes;
  for (size_t i = 0; i < outputs; ++i) shapes.push_back(inputs[i].shape());
  return shapes;
}

Arrays Depends::vjp(const Arrays& primals, const Arrays& cotangents,
                    const std::vector<int>& argnums, const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(size_t(i) < outputs ? cotangents[size_t(i)]
                                            : zeros_like(primals[size_t(i)]));
  }
  return gradients;
}

Arrays Depends::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                    const Arrays&) const {
  Arrays all = tangents_or_zeros(primals, tangents, argnums);
  all.resize(outputs, all[0]);
  return all;
}

Batched Depends::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const Arrays batched = broadcast_batch_first(inputs, axes);
  const auto end = batched.begin() + std::ptrdiff_t(outputs);
  return {depends({batched.begin(), end}, {end, batched.end()}), std::vector<int>(outputs, 0)};
}

// NumberOfElements

std::vector<Shape> NumberOfElements::output_shapes(const Arrays&) const { return {{}}; }

Arrays NumberOfElements::vjp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                             const Arrays&) const {
  return zeros_of(primals, argnums);
}

Arrays NumberOfElements::jvp(const Arrays&, const Arrays&, const std::vector<int>&,
                             const Arrays& outputs) const {
  return {zeros_like(outputs[0])};
}

Batched NumberOfElements::vmap(const Arrays& inputs, const std::vector<int>& batch,
                               const Arrays&) const {
  const array n = number_of_elements(inputs[0], shifted(axes, batch[0]), inverted, dtype);
  return {{broadcast_to(expand_dims(n, 0), {inputs[0].shape(batch[0])})}, {0}};
}

// Contiguous

std::vector<Shape> Contiguous::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

Arrays Contiguous::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                       const Arrays&) const {
  return cotangents;
}

Batched Contiguous::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  return {{contiguous(inputs[0])}, axes};
}

// Concatenate

std::vector<Shape> Concatenate::output_shapes(const Arrays& inputs) const {
  Shape out = inputs[0].shape();
  int64_t total = 0;
  for (const array& a : inputs) {
    Shape same = a.shape();
    if (same.size() == out.size()) same[size_t(axis)] = out[size_t(axis)];
    if (same != out) {
      throw std::invalid_argument(
          fmt::format("[concatenate] shapes {} and {} differ outside axis {}",
                      to_string(inputs[0].shape()), to_string(a.shape()), axis));
    }
    total += a.shape(axis);
  }
  if (total > INT32_MAX) {
    throw std::overflow_error(
        fmt::format("[concatenate] axis {} would have {} elements", axis, total));
  }
  out[size_t(axis)] = ShapeElem(total);
  return {std::move(out)};
}

Arrays Concatenate::vjp(const Arrays& primals, const Arrays& cotangents,
                        const std::vector<int>& argnums, const Arrays&) const {
  Shape ends;
  for (const array& a : primals) ends.push_back(a.shape(axis) + (ends.empty() ? 0 : ends.back()));
  ends.pop_back();
  const Arrays parts = split(cotangents[0], ends, axis);
  Arrays gradients;
  for (const int i : argnums) {
    // Recorded for any shape, the ends are those of this one: the reshape lets no other pass.
    const array& part = parts[size_t(i)];
    gradients.push_back(Trace::any_shape() ? reshape_like(part, primals[size_t(i)]) : part);
  }
  return gradients;
}

Arrays Concatenate::jvp(const Arrays& primals, const Arrays& tangents,
                        const std::vector<int>& argnums, const Arrays&) const {
  return {concatenate(tangents_or_zeros(primals, tangents, argnums), axis)};
}

Batched Concatenate::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const auto [batched, at] = align_batch(inputs, axes);
  return {{concatenate(batched, axis + (axis >= at ? 1 : 0))}, {at}};
}

}  // namespace quern
