#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

// Views: they change how memory is read, and copy only where no strides can say it.

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

class Reshape final : public PrimitiveOf<Reshape> {
 public:
  Reshape(Stream s, Shape shape) : PrimitiveOf(s), shape(std::move(shape)) {}
  static constexpr const char* type_name = "Reshape";
  auto state() const { return std::tie(shape); }

  const Shape shape;
};

class Slice final : public PrimitiveOf<Slice> {
 public:
  Slice(Stream s, Shape start, Shape stop, Shape strides)
      : PrimitiveOf(s),
        start(std::move(start)),
        stop(std::move(stop)),
        strides(std::move(strides)) {}
  static constexpr const char* type_name = "Slice";
  auto state() const { return std::tie(start, stop, strides); }

  const Shape start;  ///< normalised: inside the axis; stop is -1 to reach index 0 going down
  const Shape stop;
  const Shape strides;
};

class Transpose final : public PrimitiveOf<Transpose> {
 public:
  Transpose(Stream s, std::vector<int> axes) : PrimitiveOf(s), axes(std::move(axes)) {}
  static constexpr const char* type_name = "Transpose";
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
class Contiguous final : public PrimitiveOf<Contiguous> {
 public:
  explicit Contiguous(Stream s) : PrimitiveOf(s) {}
  static constexpr const char* type_name = "Contiguous";
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
  auto state() const { return std::tie(axis); }

  const int axis;
};

/// The first input with the second written over a slice of it; in place when nobody else sees it.
class SliceUpdate final : public PrimitiveOf<SliceUpdate> {
 public:
  SliceUpdate(Stream s, Shape start, Shape stop, Shape strides)
      : PrimitiveOf(s),
        start(std::move(start)),
        stop(std::move(stop)),
        strides(std::move(strides)) {}
  static constexpr const char* type_name = "SliceUpdate";
  auto state() const { return std::tie(start, stop, strides); }

  const Shape start;
  const Shape stop;
  const Shape strides;
};

/// Inputs: the array and where the slice starts along `axes`.
class DynamicSlice final : public PrimitiveOf<DynamicSlice> {
 public:
  DynamicSlice(Stream s, std::vector<int> axes, Shape slice_size)
      : PrimitiveOf(s), axes(std::move(axes)), slice_size(std::move(slice_size)) {}
  static constexpr const char* type_name = "DynamicSlice";
  auto state() const { return std::tie(axes, slice_size); }

  const std::vector<int> axes;
  const Shape slice_size;
};

/// Inputs: the array, the update, and where it starts along `axes`.
class DynamicSliceUpdate final : public PrimitiveOf<DynamicSliceUpdate> {
 public:
  DynamicSliceUpdate(Stream s, std::vector<int> axes) : PrimitiveOf(s), axes(std::move(axes)) {}
  static constexpr const char* type_name = "DynamicSliceUpdate";
  auto state() const { return std::tie(axes); }

  const std::vector<int> axes;
};

}  // namespace quern
