#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Inputs: the array, then one index array per axis of `axes`, all of one shape.
class Gather final : public Primitive {
 public:
  Gather(Stream s, std::vector<int> axes, Shape slice_sizes)
      : Primitive(s), axes(std::move(axes)), slice_sizes(std::move(slice_sizes)) {}
  const char* name() const override { return "Gather"; }
  bool is_equivalent(const Primitive& other) const override {
    const auto& o = static_cast<const Gather&>(other);
    return axes == o.axes && slice_sizes == o.slice_sizes;
  }

  const std::vector<int> axes;
  const Shape slice_sizes;
};

/// Inputs: the array and the indices, of one shape but for `axis`.
class GatherAxis final : public Primitive {
 public:
  GatherAxis(Stream s, int axis) : Primitive(s), axis(axis) {}
  const char* name() const override { return "GatherAxis"; }
  bool is_equivalent(const Primitive& other) const override {
    return axis == static_cast<const GatherAxis&>(other).axis;
  }

  const int axis;
};

/// Inputs: the array, the indices and the values, of one shape but for the array's `axis`.
class ScatterAxis final : public Primitive {
 public:
  ScatterAxis(Stream s, int axis) : Primitive(s), axis(axis) {}
  const char* name() const override { return "ScatterAxis"; }
  bool is_equivalent(const Primitive& other) const override {
    return axis == static_cast<const ScatterAxis&>(other).axis;
  }

  const int axis;
};

}  // namespace quern
