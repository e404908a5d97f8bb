#include "engine/primitives/matmul.h"

#include <fmt/format.h>

#include <limits>
#include <optional>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/batch.h"

namespace quern {

Shape matmul_shape(const Shape& a, const Shape& b, const char* where) {
  const size_t last = a.size() - 1, inner = b.size() - 2;
  if (a[last] != b[inner]) {
    throw std::invalid_argument(
        fmt::format("[{}] the last axis of {} and the second to last of {} differ: {} and {}",
                    where, to_string(a), to_string(b), a[last], b[inner]));
  }
  Shape out = broadcast_shapes(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  out.push_back(a[last - 1]);
  out.push_back(b[inner + 1]);
  return out;
}

namespace {

array turned(const array& a) { return swapaxes(a, -1, -2); }

array scaled(const array& a, float by) { return by == 1 ? a : multiply(a, array(by, a.dtype())); }

/// The matrices of `a` behind axes of length 1, so that there are `ndim` axes.
array with_axes(const array& a, size_t ndim) {
  Shape shape(ndim - a.ndim(), 1);
  shape.insert(shape.end(), a.shape().begin(), a.shape().end());
  return reshape(a, std::move(shape));
}

/// left @ right summed over the batch axes that `target`, the result's shape, has not, or has with
/// length 1. They become part of the inner axis, so that nothing larger than the result is made.
array product_of_shape(const array& left, const array& right, const Shape& target) {
  const int ndim = int(std::max(left.ndim(), right.ndim())), rows = ndim - 2, columns = ndim - 1;
  const array a = with_axes(left, size_t(ndim)), b = with_axes(right, size_t(ndim));
  const int lead = ndim - int(target.size());
  std::vector<int> a_axes, b_axes, summed;
  Shape a_shape, b_shape;
  int64_t depth = a.shape(columns);
  for (int i = 0; i < rows; ++i) {
    const ShapeElem length = a.shape(i) == 1 ? b.shape(i) : a.shape(i);
    if (i < lead || target[size_t(i - lead)] != length) {
      summed.push_back(i);
      depth *= length;
    } else {
      a_axes.push_back(i);
      a_shape.push_back(a.shape(i));
      b_shape.push_back(b.shape(i));
    }
  }
  if (summed.empty()) return reshape(matmul(a, b), target);
  if (depth > std::numeric_limits<ShapeElem>::max()) {
    return reshape(sum(matmul(a, b), summed), target);
  }
  b_axes = a_axes;
  a_axes.push_back(rows);
  a_axes.insert(a_axes.end(), summed.begin(), summed.end());
  a_axes.push_back(columns);
  b_axes.insert(b_axes.end(), summed.begin(), summed.end());
  b_axes.insert(b_axes.end(), {rows, columns});
  a_shape.push_back(a.shape(rows));
  a_shape.push_back(ShapeElem(depth));
  b_shape.push_back(ShapeElem(depth));
  b_shape.push_back(b.shape(columns));
  const array wide = reshape(transpose(a, a_axes), std::move(a_shape));
  const array tall = reshape(transpose(b, b_axes), std::move(b_shape));
  return reshape(matmul(wide, tall), target);
}

/// Gradient of a (argnum 0) or b (1) in a @ b.
array gradient_of_factor(int argnum, const array& a, const array& b, const array& cotangent) {
  return argnum == 0 ? product_of_shape(cotangent, turned(conjugate(b)), a.shape())
                     : product_of_shape(turned(conjugate(a)), cotangent, b.shape());
}

/// The batch of vmap as the first axis of all that carry it, before axes that make up for what
/// others have more, so that it broadcasts as a batch axis of the product.
Arrays with_batch_axis(const Arrays& inputs, const std::vector<int>& axes, size_t out_ndim) {
  Arrays moved = batch_first(inputs, axes);
  for (size_t i = 0; i < moved.size(); ++i) {
    if (axes[i] == -1 || moved[i].ndim() == out_ndim + 1) continue;
    Shape shape(out_ndim + 2 - moved[i].ndim(), 1);
    shape[0] = moved[i].shape(0);
    shape.insert(shape.end(), moved[i].shape().begin() + 1, moved[i].shape().end());
    moved[i] = reshape(moved[i], std::move(shape));
  }
  return moved;
}

Shape batched_shape(ShapeElem size, Shape shape) {
  shape.insert(shape.begin(), size);
  return shape;
}

}  // namespace

std::vector<Shape> Matmul::output_shapes(const Arrays& inputs) const {
  return {matmul_shape(inputs[0].shape(), inputs[1].shape(), "matmul")};
}

Arrays Matmul::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                   const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(gradient_of_factor(i, primals[0], primals[1], cotangents[0]));
  }
  return gradients;
}

Arrays Matmul::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                   const Arrays&) const {
  const auto along = [&](size_t k) {
    return argnums[k] == 0 ? matmul(tangents[k], primals[1]) : matmul(primals[0], tangents[k]);
  };
  return {argnums.size() == 1 ? along(0) : add(along(0), along(1))};
}

Batched Matmul::vmap(const Arrays& inputs, const std::vector<int>& axes,
                     const Arrays& outputs) const {
  const Shape& inner = outputs[0].shape();
  return {{array(batched_shape(batch_size(inputs, axes), inner), outputs[0].dtype(),
                 shared_from_this(), with_batch_axis(inputs, axes, inner.size()))},
          {0}};
}

std::vector<Shape> AddMM::output_shapes(const Arrays& inputs) const {
  return {matmul_shape(inputs[1].shape(), inputs[2].shape(), "addmm")};
}

Arrays AddMM::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
                  const Arrays&) const {
  Arrays gradients;
  for (const int i : argnums) {
    const float factor = i == 0 ? beta : alpha;
    if (factor == 0)
      gradients.push_back(zeros_like(primals[size_t(i)]));
    else if (i == 0)
      gradients.push_back(scaled(cotangents[0], factor));
    else
      gradients.push_back(
          scaled(gradient_of_factor(i - 1, primals[1], primals[2], cotangents[0]), factor));
  }
  return gradients;
}

Arrays AddMM::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                  const Arrays& outputs) const {
  std::optional<array> sum;
  for (size_t k = 0; k < argnums.size(); ++k) {
    if (argnums[k] == 0) {
      sum = scaled(tangents[k], beta);
      continue;
    }
    const array& a = argnums[k] == 1 ? tangents[k] : primals[1];
    const array& b = argnums[k] == 2 ? tangents[k] : primals[2];
    sum = sum ? addmm(*sum, a, b, alpha) : scaled(matmul(a, b), alpha);
  }
  return {sum ? *sum : zeros_like(outputs[0])};
}

Batched AddMM::vmap(const Arrays& inputs, const std::vector<int>& axes,
                    const Arrays& outputs) const {
  const Shape& inner = outputs[0].shape();
  Shape shape = batched_shape(batch_size(inputs, axes), inner);
  Arrays batched = with_batch_axis(inputs, axes, inner.size());
  batched[0] = broadcast_to(batched[0], shape);
  return {{array(std::move(shape), outputs[0].dtype(), shared_from_this(), std::move(batched))},
          {0}};
}

}  // namespace quern
