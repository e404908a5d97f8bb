#include "engine/primitives/linalg.h"

#include <algorithm>

#include "engine/primitives/batch.h"

namespace quern {

namespace {

Shape batch_shape(const array& a) { return Shape(a.shape().begin(), a.shape().end() - 2); }

/// The batch axes of `a`, then these.
Shape with_batch(const array& a, std::initializer_list<ShapeElem> axes) {
  Shape shape = batch_shape(a);
  for (const ShapeElem axis : axes) shape.push_back(axis);
  return shape;
}

ShapeElem rows(const array& a) { return a.shape(-2); }
ShapeElem columns(const array& a) { return a.shape(-1); }
ShapeElem rank(const array& a) { return std::min(rows(a), columns(a)); }

std::vector<Shape> eigen_shapes(const array& a, bool compute_vectors) {
  std::vector<Shape> shapes{with_batch(a, {rows(a)})};
  if (compute_vectors) shapes.push_back(a.shape());
  return shapes;
}

}  // namespace

Batched MatrixFunction::vmap(const Arrays& inputs, const std::vector<int>& axes,
                             const Arrays& outputs) const {
  const Arrays batched = broadcast_batch_first(inputs, axes);
  std::vector<Dtype> dtypes;
  for (const array& output : outputs) dtypes.push_back(output.dtype());
  return {array::make_arrays(output_shapes(batched), dtypes, shared_from_this(), batched),
          std::vector<int>(outputs.size(), 0)};
}

std::vector<Shape> Inverse::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

std::vector<Shape> Solve::output_shapes(const Arrays& inputs) const { return {inputs[1].shape()}; }

std::vector<Shape> SolveTriangular::output_shapes(const Arrays& inputs) const {
  return {inputs[1].shape()};
}

std::vector<Shape> PseudoInverse::output_shapes(const Arrays& inputs) const {
  return {with_batch(inputs[0], {columns(inputs[0]), rows(inputs[0])})};
}

std::vector<Shape> Cholesky::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

std::vector<Shape> Det::output_shapes(const Arrays& inputs) const {
  return {batch_shape(inputs[0])};
}

std::vector<Shape> Cofactor::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

std::vector<Shape> SlogDet::output_shapes(const Arrays& inputs) const {
  return {batch_shape(inputs[0]), batch_shape(inputs[0])};
}

std::vector<Shape> QR::output_shapes(const Arrays& inputs) const {
  const array& a = inputs[0];
  return {with_batch(a, {rows(a), rank(a)}), with_batch(a, {rank(a), columns(a)})};
}

std::vector<Shape> LU::output_shapes(const Arrays& inputs) const {
  const array& a = inputs[0];
  return {a.shape(), with_batch(a, {rank(a)}), with_batch(a, {rows(a)})};
}

std::vector<Shape> SVD::output_shapes(const Arrays& inputs) const {
  const array& a = inputs[0];
  if (!compute_uv) return {with_batch(a, {rank(a)})};
  return {with_batch(a, {rows(a), rows(a)}), with_batch(a, {rank(a)}),
          with_batch(a, {columns(a), columns(a)})};
}

std::vector<Shape> Eigh::output_shapes(const Arrays& inputs) const {
  return eigen_shapes(inputs[0], compute_vectors);
}

std::vector<Shape> Eig::output_shapes(const Arrays& inputs) const {
  return eigen_shapes(inputs[0], compute_vectors);
}

}  // namespace quern
