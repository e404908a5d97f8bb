#pragma once

#include "engine/primitives/combine.h"
#include "engine/primitives/primitive.h"

namespace quern {

/// One slice per axis by Python's rules: a negative position counts from the end, positions outside
/// are clipped, and a stop below -length reaches index 0 going down.
struct SliceRange {
  Shape start;    ///< inside the axis, or at its end when the slice is empty
  Shape strides;  ///< not 0
  Shape shape;    ///< of the slice
};

/// What start, stop and strides, one each per axis, mean for an array of this shape. Throws
/// std::invalid_argument, naming `where`, when they are not one per axis or a stride is 0.
SliceRange resolve_slice(const Shape& shape, const Shape& start, const Shape& stop,
                         const Shape& strides, const char* where);

/// Slice sizes where -1 stands for the whole axis.
Shape resolve_sizes(const Shape& sizes, const Shape& shape);

/// What a primitive keeps of slice sizes: while a graph is recorded for any shape, those that cover
/// an axis whole, and are not of the axes that starts are given for, become -1.
Shape open_sizes(Shape sizes, const Shape& shape, const std::vector<int>& started);

/// Throws std::invalid_argument, naming `where`, for a slice longer than the whole along some axis.
void require_fit(const Shape& part, const Shape& whole, const char* where);

class Slice final : public PrimitiveOf<Slice> {
 public:
  Slice(Stream s, Shape start, Shape stop, Shape strides)
      : PrimitiveOf(s),
        start(std::move(start)),
        stop(std::move(stop)),
        strides(std::move(strides)) {}
  static constexpr const char* type_name = "Slice";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(start, stop, strides); }

  const Shape start;  ///< as resolve_slice takes them
  const Shape stop;
  const Shape strides;
};

/// The first input with the second, of the slice's shape, combined into a slice of it; in place
/// when nobody else sees it.
class SliceUpdate final : public PrimitiveOf<SliceUpdate> {
 public:
  SliceUpdate(Stream s, Combine combine, Shape start, Shape stop, Shape strides)
      : PrimitiveOf(s),
        combine(combine),
        start(std::move(start)),
        stop(std::move(stop)),
        strides(std::move(strides)) {}
  static constexpr const char* type_name = "SliceUpdate";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(combine, start, stop, strides); }

  const Combine combine;
  const Shape start;  ///< as resolve_slice takes them
  const Shape stop;
  const Shape strides;

 private:
  Part part() const;
};

/// Inputs: the array and where the slice starts along `axes`.
class DynamicSlice final : public PrimitiveOf<DynamicSlice> {
 public:
  DynamicSlice(Stream s, std::vector<int> axes, Shape slice_size)
      : PrimitiveOf(s), axes(std::move(axes)), slice_size(std::move(slice_size)) {}
  static constexpr const char* type_name = "DynamicSlice";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(axes, slice_size); }

  const std::vector<int> axes;
  const Shape slice_size;  ///< -1: the whole axis
};

/// Inputs: the array, the update, and where it starts along `axes`.
class DynamicSliceUpdate final : public PrimitiveOf<DynamicSliceUpdate> {
 public:
  DynamicSliceUpdate(Stream s, Combine combine, std::vector<int> axes)
      : PrimitiveOf(s), combine(combine), axes(std::move(axes)) {}
  static constexpr const char* type_name = "DynamicSliceUpdate";
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
  /// The part that starts at inputs[2] and has the shape of inputs[1].
  Part part(const Arrays& inputs) const;
};

}  // namespace quern
