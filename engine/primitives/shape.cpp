#include "engine/primitives/shape.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/primitives/batch.h"

namespace quern {

namespace {

/// `shape` with the length of a batch in front.
Shape batched_shape(ShapeElem size, const Shape& shape) {
  Shape out(1, size);
  out.insert(out.end(), shape.begin(), shape.end());
  return out;
}

}  // namespace

Arrays Rearrangement::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                          const Arrays& outputs) const {
  return {array(outputs[0].shape(), tangents[0].dtype(), shared_from_this(), {tangents[0]})};
}

// BroadcastTo

std::vector<Shape> BroadcastTo::output_shapes(const Arrays& inputs) const {
  return {broadcast_shapes(inputs[0].shape(), shape)};
}

Arrays BroadcastTo::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                        const Arrays&) const {
  const Shape& from = primals[0].shape();
  const array& c = cotangents[0];
  const size_t added = c.ndim() - from.size();
  std::vector<int> repeated;
  for (size_t i = 0; i < c.ndim(); ++i) {
    if (i < added || from[i - added] != c.shape()[i]) repeated.push_back(int(i));
  }
  return {reshape(sum(c, repeated, true), from)};
}

Arrays BroadcastTo::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                        const Arrays&) const {
  return {broadcast_to(tangents[0], shape)};
}

Batched BroadcastTo::vmap(const Arrays& inputs, const std::vector<int>& axes,
                          const Arrays& outputs) const {
  const Shape& inner = outputs[0].shape();
  array a = moveaxis(inputs[0], axes[0], 0);
  Shape aligned(1, a.shape(0));  // the batch, then ones up to the axes that the input has
  for (size_t i = a.ndim(); i < inner.size() + 1; ++i) aligned.push_back(1);
  aligned.insert(aligned.end(), a.shape().begin() + 1, a.shape().end());
  return {{broadcast_to(reshape(a, std::move(aligned)), batched_shape(a.shape(0), inner))}, {0}};
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

// Reshape

Shape infer_length(Shape shape, size_t size, const char* where) {
  const auto fail = [&](const char* what) {
    throw std::invalid_argument(
        fmt::format("[{}] {} {} for {} elements", where, what, to_string(shape), size));
  };
  int64_t known = 1;
  ShapeElem* unknown = nullptr;
  for (ShapeElem& length : shape) {
    if (length < -1) fail("there is a negative length in");
    if (length != -1) {
      if (__builtin_mul_overflow(known, int64_t(length), &known)) {
        throw std::overflow_error(
            fmt::format("[{}] shape {} has too many elements", where, to_string(shape)));
      }
    } else if (unknown) {
      fail("only one length can be -1 in");
    } else {
      unknown = &length;
    }
  }
  if (!unknown && size_t(known) != size) fail("cannot use shape");
  if (unknown) {
    // The length beside an axis of length 0 could be anything; it is 0.
    if (known == 0 ? size != 0 : size % size_t(known) != 0) fail("cannot infer the -1 in");
    const size_t length = known == 0 ? 0 : size / size_t(known);
    if (length > INT32_MAX) {
      throw std::overflow_error(fmt::format("[{}] {} elements do not fit one axis", where, length));
    }
    *unknown = ShapeElem(length);
  }
  return shape;
}

std::vector<Shape> Reshape::output_shapes(const Arrays& inputs) const {
  return {infer_length(shape, inputs[0].size(), "reshape")};
}

Arrays Reshape::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                    const Arrays&) const {
  return {reshape(cotangents[0], primals[0].shape())};
}

Batched Reshape::vmap(const Arrays& inputs, const std::vector<int>& axes,
                      const Arrays& outputs) const {
  const array a = moveaxis(inputs[0], axes[0], 0);
  return {{reshape(a, batched_shape(a.shape(0), outputs[0].shape()))}, {0}};
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
  for (size_t i = 1; i < inputs.size(); ++i) out[size_t(axis)] += inputs[i].shape(axis);
  return {std::move(out)};
}

Arrays Concatenate::vjp(const Arrays& primals, const Arrays& cotangents,
                        const std::vector<int>& argnums, const Arrays&) const {
  Shape ends;
  for (const array& a : primals) ends.push_back(a.shape(axis) + (ends.empty() ? 0 : ends.back()));
  ends.pop_back();
  const Arrays parts = split(cotangents[0], ends, axis);
  Arrays gradients;
  for (const int i : argnums) gradients.push_back(parts[size_t(i)]);
  return gradients;
}

Arrays Concatenate::jvp(const Arrays& primals, const Arrays& tangents,
                        const std::vector<int>& argnums, const Arrays&) const {
  Arrays moved;
  size_t next = 0;
  for (size_t i = 0; i < primals.size(); ++i) {
    const bool given = next < argnums.size() && argnums[next] == int(i);
    moved.push_back(given ? tangents[next++] : zeros_like(primals[i]));
  }
  return {concatenate(std::move(moved), axis)};
}

Batched Concatenate::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays&) const {
  const auto [batched, at] = align_batch(inputs, axes);
  return {{concatenate(batched, axis + (axis >= at ? 1 : 0))}, {at}};
}

}  // namespace quern
