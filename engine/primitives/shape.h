#pragma once

#include "engine/primitives/primitive.h"
#include "engine/primitives/reshape.h"

namespace quern {

// Views: they change how memory is read, and copy only where no strides can say it.

/// The elements that lie at offset + sum(index * stride) in the row-major input.
class AsStrided final : public PrimitiveOf<AsStrided, Rearrangement> {
 public:
  AsStrided(Stream s, Shape shape, Strides strides, size_t offset)
      : PrimitiveOf(s), shape(std::move(shape)), strides(std::move(strides)), offset(offset) {}
  static constexpr const char* type_name = "AsStrided";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(shape, strides, offset); }

  const Shape shape;
  const Strides strides;
  const size_t offset;
};

/// Inputs: the array, and perhaps others, whose common shape with it is then the output's: they are
/// there where a graph is recorded for any shape.
class BroadcastTo final : public PrimitiveOf<BroadcastTo, Rearrangement> {
 public:
  BroadcastTo(Stream s, Shape shape) : PrimitiveOf(s), shape(std::move(shape)) {}
  static constexpr const char* type_name = "BroadcastTo";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(shape); }

  const Shape shape;  ///< -1: as long as the input's axis
};

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

/// The same bytes as another dtype. Between float32 and complex64 it has derivatives; elsewhere
/// they are zero.
class View final : public PrimitiveOf<View> {
 public:
  View(Stream s, Dtype dtype) : PrimitiveOf(s), dtype(dtype) {}
  static constexpr const char* type_name = "View";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
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
  Depends(Stream s, size_t outputs) : PrimitiveOf(s), outputs(outputs) {}
  static constexpr const char* type_name = "Depends";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(outputs); }

  const size_t outputs;  ///< how many of the inputs, the first, they are
};

/// How many elements, or one over it, the axes of the input have together: a scalar. Where a graph
/// is recorded for any shape, it is not known before.
class NumberOfElements final : public PrimitiveOf<NumberOfElements> {
 public:
  NumberOfElements(Stream s, std::vector<int> axes, bool inverted, Dtype dtype)
      : PrimitiveOf(s), axes(std::move(axes)), inverted(inverted), dtype(dtype) {}
  static constexpr const char* type_name = "NumberOfElements";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(axes, inverted, dtype); }

  const std::vector<int> axes;  ///< not negative
  const bool inverted;
  const Dtype dtype;
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

/// Throws std::invalid_argument when strides from an offset would read outside `size` elements.
void require_inside(const Shape& shape, const Strides& strides, size_t offset, size_t size);

/// a's shape with its last axis counted in elements of `dtype`. Throws std::invalid_argument when
/// its bytes are no whole number of them.
Shape viewed_shape(const array& a, Dtype dtype);

}  // namespace quern
