#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

// Views: they change how memory is read, and copy only where no strides can say it.

class AsStrided final : public Primitive {
 public:
  AsStrided(Stream s, Shape shape, Strides strides, size_t offset)
      : Primitive(s), shape(std::move(shape)), strides(std::move(strides)), offset(offset) {}
  const char* name() const override { return "AsStrided"; }
  bool is_equivalent(const Primitive& other) const override;

  const Shape shape;
  const Strides strides;
  const size_t offset;
};

class BroadcastTo final : public Primitive {
 public:
  BroadcastTo(Stream s, Shape shape) : Primitive(s), shape(std::move(shape)) {}
  const char* name() const override { return "BroadcastTo"; }
  bool is_equivalent(const Primitive& other) const override;

  const Shape shape;
};

class Reshape final : public Primitive {
 public:
  Reshape(Stream s, Shape shape) : Primitive(s), shape(std::move(shape)) {}
  const char* name() const override { return "Reshape"; }
  bool is_equivalent(const Primitive& other) const override;

  const Shape shape;
};

class Slice final : public Primitive {
 public:
  Slice(Stream s, Shape start, Shape stop, Shape strides)
      : Primitive(s), start(std::move(start)), stop(std::move(stop)), strides(std::move(strides)) {}
  const char* name() const override { return "Slice"; }
  bool is_equivalent(const Primitive& other) const override;

  const Shape start;  ///< normalised: inside the axis; stop is -1 to reach index 0 going down
  const Shape stop;
  const Shape strides;
};

class Transpose final : public Primitive {
 public:
  Transpose(Stream s, std::vector<int> axes) : Primitive(s), axes(std::move(axes)) {}
  const char* name() const override { return "Transpose"; }
  bool is_equivalent(const Primitive& other) const override;

  const std::vector<int> axes;  ///< output axis i is input axis axes[i]
};

/// The same bytes as another dtype.
class View final : public Primitive {
 public:
  View(Stream s, Dtype dtype) : Primitive(s), dtype(dtype) {}
  const char* name() const override { return "View"; }
  bool is_equivalent(const Primitive& other) const override;

  const Dtype dtype;
};

/// Row-major memory: the input itself when it has it.
class Contiguous final : public Primitive {
 public:
  explicit Contiguous(Stream s) : Primitive(s) {}
  const char* name() const override { return "Contiguous"; }
  bool is_equivalent(const Primitive&) const override { return true; }
};

/// The input under another node: what copy() and stop_gradient() make.
class Copy final : public Primitive {
 public:
  explicit Copy(Stream s) : Primitive(s) {}
  const char* name() const override { return "Copy"; }
  bool is_equivalent(const Primitive&) const override { return true; }
};

class StopGradient final : public Primitive {
 public:
  explicit StopGradient(Stream s) : Primitive(s) {}
  const char* name() const override { return "StopGradient"; }
  bool is_equivalent(const Primitive&) const override { return true; }
};

/// Outputs that are also held back until the other inputs are computed.
class Depends final : public Primitive {
 public:
  explicit Depends(Stream s) : Primitive(s) {}
  const char* name() const override { return "Depends"; }
};

class Concatenate final : public Primitive {
 public:
  Concatenate(Stream s, int axis) : Primitive(s), axis(axis) {}
  const char* name() const override { return "Concatenate"; }
  bool is_equivalent(const Primitive& other) const override;

  const int axis;
};

/// The first input with the second written over a slice of it; in place when nobody else sees it.
class SliceUpdate final : public Primitive {
 public:
  SliceUpdate(Stream s, Shape start, Shape stop, Shape strides)
      : Primitive(s), start(std::move(start)), stop(std::move(stop)), strides(std::move(strides)) {}
  const char* name() const override { return "SliceUpdate"; }
  bool is_equivalent(const Primitive& other) const override;

  const Shape start;
  const Shape stop;
  const Shape strides;
};

/// Inputs: the array and where the slice starts along `axes`.
class DynamicSlice final : public Primitive {
 public:
  DynamicSlice(Stream s, std::vector<int> axes, Shape slice_size)
      : Primitive(s), axes(std::move(axes)), slice_size(std::move(slice_size)) {}
  const char* name() const override { return "DynamicSlice"; }
  bool is_equivalent(const Primitive& other) const override;

  const std::vector<int> axes;
  const Shape slice_size;
};

/// Inputs: the array, the update, and where it starts along `axes`.
class DynamicSliceUpdate final : public Primitive {
 public:
  DynamicSliceUpdate(Stream s, std::vector<int> axes) : Primitive(s), axes(std::move(axes)) {}
  const char* name() const override { return "DynamicSliceUpdate"; }
  bool is_equivalent(const Primitive& other) const override;

  const std::vector<int> axes;
};

}  // namespace quern
