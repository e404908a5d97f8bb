#pragma once

#include "engine/primitives/combine.h"
#include "engine/primitives/primitive.h"

namespace quern {

/// Inputs: the array, then one index array per axis of `axes`, all of one shape.
class Gather final : public PrimitiveOf<Gather> {
 public:
  Gather(Stream s, std::vector<int> axes, Shape slice_sizes)
      : PrimitiveOf(s), axes(std::move(axes)), slice_sizes(std::move(slice_sizes)) {}
  static constexpr const char* type_name = "Gather";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(axes, slice_sizes); }

  const std::vector<int> axes;
  const Shape slice_sizes;  ///< -1: the whole axis
};

/// Inputs: the array and the indices, of one shape but for `axis`.
class GatherAxis final : public PrimitiveOf<GatherAxis> {
 public:
  GatherAxis(Stream s, int axis) : PrimitiveOf(s), axis(axis) {}
  static constexpr const char* type_name = "GatherAxis";
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

/// Inputs: the array; one index array per axis of `axes`, all of one shape; and the updates, of the
/// indices' shape and then that of a slice. They are combined in row-major order of the indices.
class Scatter final : public PrimitiveOf<Scatter> {
 public:
  Scatter(Stream s, Combine combine, std::vector<int> axes)
      : PrimitiveOf(s), combine(combine), axes(std::move(axes)) {}
  static constexpr const char* type_name = "Scatter";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(combine, axes); }

  const Combine combine;
  const std::vector<int> axes;

 private:
  Part part(const Arrays& inputs) const;
};

/// Inputs: the array, the indices and the values, of one shape but for the array's `axis`.
class ScatterAxis final : public PrimitiveOf<ScatterAxis> {
 public:
  ScatterAxis(Stream s, Combine combine, int axis) : PrimitiveOf(s), combine(combine), axis(axis) {}
  static constexpr const char* type_name = "ScatterAxis";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(combine, axis); }

  const Combine combine;  ///< replace or add
  const int axis;

 private:
  Part part(const Arrays& inputs) const;
};

/// Throws std::invalid_argument, naming `where`, unless updates are slices of `a`, one per index of
/// the index arrays, which have one shape.
void require_slices(const array& a, const Arrays& indices, const array& updates, const char* where);

}  // namespace quern
