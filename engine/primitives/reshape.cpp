#include "engine/primitives/reshape.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/graph/trace.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
#include "engine/primitives/axes.h"
#include "engine/primitives/batch.h"

namespace quern {

Arrays Rearrangement::jvp(const Arrays& primals, const Arrays& tangents,
                          const std::vector<int>& argnums, const Arrays& outputs) const {
  if (argnums[0] != 0) return {zeros_like(outputs[0])};
  Arrays inputs = primals;
  inputs[0] = tangents[0];
  return {array(outputs[0].shape(), tangents[0].dtype(), shared_from_this(), std::move(inputs))};
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

array reshape_like(const array& a, const array& like) {
  if (!Trace::any_shape()) return reshape(a, like.shape());
  return array(like.shape(), a.dtype(), make_pooled<Reshape>(to_stream({}), like.shape()),
               {a, stop_gradient(like)});
}

std::vector<Shape> Reshape::output_shapes(const Arrays& inputs) const {
  const Shape& to = inputs.size() > 1 ? inputs[1].shape() : shape;
  return {infer_length(to, inputs[0].size(), "reshape")};
}

Arrays Reshape::vjp(const Arrays& primals, const Arrays& cotangents,
                    const std::vector<int>& argnums, const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(i == 0 ? reshape_like(cotangents[0], primals[0])
                               : zeros_like(primals[size_t(i)]));
  }
  return gradients;
}

Batched Reshape::vmap(const Arrays& inputs, const std::vector<int>& axes,
                      const Arrays& outputs) const {
  const Arrays batched = broadcast_batch_first(inputs, axes);
  if (batched.size() > 1) return {{reshape_like(batched[0], batched[1])}, {0}};
  const Shape to = inserted(outputs[0].shape(), 0, batched[0].shape(0));
  return {{reshape(batched[0], to)}, {0}};
}

// ExpandDims, Squeeze

std::vector<Shape> ExpandDims::output_shapes(const Arrays& inputs) const {
  Shape shape = inputs[0].shape();
  for (const int axis : axes) shape.insert(shape.begin() + axis, 1);
  return {std::move(shape)};
}

Arrays ExpandDims::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                       const Arrays&) const {
  return {squeeze(cotangents[0], axes)};
}

Batched ExpandDims::vmap(const Arrays& inputs, const std::vector<int>& batch, const Arrays&) const {
  return {{expand_dims(moveaxis(inputs[0], batch[0], 0), shifted(axes, 0))}, {0}};
}

std::vector<Shape> Squeeze::output_shapes(const Arrays& inputs) const {
  Shape shape = inputs[0].shape();
  for (size_t i = axes.size(); i-- > 0;) {
    const auto axis = size_t(axes[i]);
    if (shape[axis] != 1) {
      throw std::invalid_argument(fmt::format("[squeeze] axis {} of shape {} is not 1", axis,
                                              to_string(inputs[0].shape())));
    }
    shape.erase(shape.begin() + axis);
  }
  return {std::move(shape)};
}

Arrays Squeeze::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                    const Arrays&) const {
  return {expand_dims(cotangents[0], axes)};
}

Batched Squeeze::vmap(const Arrays& inputs, const std::vector<int>& batch, const Arrays&) const {
  return {{squeeze(moveaxis(inputs[0], batch[0], 0), shifted(axes, 0))}, {0}};
}

// Flatten, Unflatten

ShapeElem merged_length(const Shape& shape, int first, int last) {
  int64_t merged = 1;
  for (int i = first; i <= last; ++i) {
    if (__builtin_mul_overflow(merged, int64_t(shape[size_t(i)]), &merged)) merged = INT64_MAX;
  }
  if (merged > INT32_MAX) {
    throw std::overflow_error(fmt::format("[flatten] axes {} to {} of shape {} do not fit one axis",
                                          first, last, to_string(shape)));
  }
  return ShapeElem(merged);
}

std::vector<Shape> Flatten::output_shapes(const Arrays& inputs) const {
  const Shape& from = inputs[0].shape();
  Shape shape(from.begin(), from.begin() + first);
  shape.push_back(merged_length(from, first, last));
  shape.insert(shape.end(), from.begin() + last + 1, from.end());
  return {std::move(shape)};
}

Arrays Flatten::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                    const Arrays&) const {
  return {reshape_like(cotangents[0], primals[0])};
}

Batched Flatten::vmap(const Arrays& inputs, const std::vector<int>& batch, const Arrays&) const {
  return {{flatten(moveaxis(inputs[0], batch[0], 0), first + 1, last + 1)}, {0}};
}

std::vector<Shape> Unflatten::output_shapes(const Arrays& inputs) const {
  Shape out = inputs[0].shape();
  const Shape split = infer_length(shape, size_t(out[size_t(axis)]), "unflatten");
  out.erase(out.begin() + axis);
  out.insert(out.begin() + axis, split.begin(), split.end());
  return {std::move(out)};
}

Arrays Unflatten::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>&,
                      const Arrays&) const {
  return {flatten(cotangents[0], axis, axis + int(shape.size()) - 1)};
}

Batched Unflatten::vmap(const Arrays& inputs, const std::vector<int>& batch, const Arrays&) const {
  return {{unflatten(moveaxis(inputs[0], batch[0], 0), axis + 1, shape)}, {0}};
}

}  // namespace quern
