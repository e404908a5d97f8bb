#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

// Views: they change how memory is read, and copy only where no strides can say it.

/// Moves the elements of its one input to other places: linear, so tangents move like the values.
class Rearrangement : public Primitive {
 public:
  using Primitive::Primitive;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

class AsStrided final : public PrimitiveOf<AsStrided> {
 public:
  AsStrided(Stream s, Shape shape, Strides strides, size_t offset)
      : PrimitiveOf(s), shape(std::move(shape)), strides(std::move(strides)), offset(offset) {}
  static constexpr const char* type_name = "AsStrided";
  auto state() const { return std::tie(shape, strides, offset); }

  const Shape shape;
  const Strides strides;
  const size_t offset;
};

class BroadcastTo final : public PrimitiveOf<BroadcastTo> {
 public:
  BroadcastTo(Stream s, Shape shape) : PrimitiveOf(s), shape(std::move(shape)) {}
  static constexpr const char* type_name = "BroadcastTo";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(shape); }

  const Shape shape;
};

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

/// `shape` with its -1, if there is one, replaced by what makes it hold `size` elements. Throws
/// std::invalid_argument, naming `where`, when no length does.
Shape infer_length(Shape shape, size_t size, const char* where);

class Transpose final : public PrimitiveOf<Transpose, Rearrangement> {
 public:
  Transpose(Stream s, std::vector<int> axes) : PrimitiveOf(s), axes(std::move(axes)) {}
  static constexpr const char* type_name = "Transpose";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(axes); }

  const std::vector<int> axes;  ///< output axis i is input axis axes[i]
};

/// The same bytes as another dtype.
class View final : public PrimitiveOf<View> {
 public:
  View(Stream s, Dtype dtype) : PrimitiveOf(s), dtype(dtype) {}
  static constexpr const char* type_name = "View";
  auto state() const { return std::tie(dtype); }

  const Dtype dtype;
};

/// Row-major memory: the input itself when it has it.
class Contiguous final : public PrimitiveOf<Contiguous, Rearrangement> {
 public:
  explicit Contiguous(Stream s) : PrimitiveOf(s) {}
  static constexpr const char* type_name = "Contiguous";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

/// The input under another node: what copy() and stop_gradient() make.
class Copy final : public PrimitiveOf<Copy> {
 public:
  explicit Copy(Stream s) : PrimitiveOf(s) {}
  static constexpr const char* type_name = "Copy";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

class StopGradient final : public PrimitiveOf<StopGradient> {
 public:
  explicit StopGradient(Stream s) : PrimitiveOf(s) {}
  static constexpr const char* type_name = "StopGradient";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

/// Outputs that are also held back until the other inputs are computed.
class Depends final : public PrimitiveOf<Depends> {
 public:
  explicit Depends(Stream s) : PrimitiveOf(s) {}
  static constexpr const char* type_name = "Depends";
};

class Concatenate final : public PrimitiveOf<Concatenate> {
 public:
  Concatenate(Stream s, int axis) : PrimitiveOf(s), axis(axis) {}
  static constexpr const char* type_name = "Concatenate";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(axis); }

  const int axis;
};

}  // namespace quern
