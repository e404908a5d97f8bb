#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Inputs: the array, then one index array per axis of `axes`, all of one shape.
class Gather final : public PrimitiveOf<Gather> {
 public:
  Gather(Stream s, std::vector<int> axes, Shape slice_sizes)
      : PrimitiveOf(s), axes(std::move(axes)), slice_sizes(std::move(slice_sizes)) {}
  static constexpr const char* type_name = "Gather";
  auto state() const { return std::tie(axes, slice_sizes); }

  const std::vector<int> axes;
  const Shape slice_sizes;
};

/// Inputs: the array and the indices, of one shape but for `axis`.
class GatherAxis final : public PrimitiveOf<GatherAxis> {
 public:
  GatherAxis(Stream s, int axis) : PrimitiveOf(s), axis(axis) {}
  static constexpr const char* type_name = "GatherAxis";
  auto state() const { return std::tie(axis); }

  const int axis;
};

/// Inputs: the array, the indices and the values, of one shape but for the array's `axis`.
class ScatterAxis final : public PrimitiveOf<ScatterAxis> {
 public:
  ScatterAxis(Stream s, int axis) : PrimitiveOf(s), axis(axis) {}
  static constexpr const char* type_name = "ScatterAxis";
  auto state() const { return std::tie(axis); }

  const int axis;
};

}  // namespace quern
