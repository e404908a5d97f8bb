#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Moves the elements of its first input to other places: linear, so tangents move like the values.
/// Inputs after the first, if any, only give shapes.
class Rearrangement : public Primitive {
 public:
  using Primitive::Primitive;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

// The same elements in row-major order under another shape.

/// Under a given shape, or that of a second input.
class Reshape final : public PrimitiveOf<Reshape, Rearrangement> {
 public:
  Reshape(Stream s, Shape shape) : PrimitiveOf(s), shape(std::move(shape)) {}
  static constexpr const char* type_name = "Reshape";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(shape); }

  const Shape shape;  ///< one length may be -1: whatever is left
};

/// With new axes of length 1.
class ExpandDims final : public PrimitiveOf<ExpandDims, Rearrangement> {
 public:
  ExpandDims(Stream s, std::vector<int> axes) : PrimitiveOf(s), axes(std::move(axes)) {}
  static constexpr const char* type_name = "ExpandDims";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(axes); }

  const std::vector<int> axes;  ///< of the output, not negative, ascending
};

/// Without axes, of length 1.
class Squeeze final : public PrimitiveOf<Squeeze, Rearrangement> {
 public:
  Squeeze(Stream s, std::vector<int> axes) : PrimitiveOf(s), axes(std::move(axes)) {}
  static constexpr const char* type_name = "Squeeze";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(axes); }

  const std::vector<int> axes;  ///< of the input, not negative, ascending
};

/// Axes first..last, both included, merged into one.
class Flatten final : public PrimitiveOf<Flatten, Rearrangement> {
 public:
  Flatten(Stream s, int first, int last) : PrimitiveOf(s), first(first), last(last) {}
  static constexpr const char* type_name = "Flatten";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(first, last); }

  const int first;
  const int last;
};

/// One axis split into several.
class Unflatten final : public PrimitiveOf<Unflatten, Rearrangement> {
 public:
  Unflatten(Stream s, int axis, Shape shape)
      : PrimitiveOf(s), axis(axis), shape(std::move(shape)) {}
  static constexpr const char* type_name = "Unflatten";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(axis, shape); }

  const int axis;
  const Shape shape;  ///< of the new axes; one length may be -1
};

/// reshape(a, like.shape()), which stays so for arrays of other shapes.
array reshape_like(const array& a, const array& like);

/// `shape` with its -1, if there is one, replaced by what makes it hold `size` elements. Throws
/// std::invalid_argument, naming `where`, when no length does, and std::overflow_error when it does
/// not fit an axis.
Shape infer_length(Shape shape, size_t size, const char* where);

/// Product of the lengths of axes first..last. Throws std::overflow_error when it does not fit an
/// axis.
ShapeElem merged_length(const Shape& shape, int first, int last);

}  // namespace quern
