#include "engine/primitives/shape.h"

namespace quern {

bool AsStrided::is_equivalent(const Primitive& other) const {
  const auto& o = static_cast<const AsStrided&>(other);
  return shape == o.shape && strides == o.strides && offset == o.offset;
}

bool BroadcastTo::is_equivalent(const Primitive& other) const {
  return shape == static_cast<const BroadcastTo&>(other).shape;
}

bool Reshape::is_equivalent(const Primitive& other) const {
  return shape == static_cast<const Reshape&>(other).shape;
}

bool Slice::is_equivalent(const Primitive& other) const {
  const auto& o = static_cast<const Slice&>(other);
  return start == o.start && stop == o.stop && strides == o.strides;
}

bool Transpose::is_equivalent(const Primitive& other) const {
  return axes == static_cast<const Transpose&>(other).axes;
}

bool View::is_equivalent(const Primitive& other) const {
  return dtype == static_cast<const View&>(other).dtype;
}

bool Concatenate::is_equivalent(const Primitive& other) const {
  return axis == static_cast<const Concatenate&>(other).axis;
}

bool SliceUpdate::is_equivalent(const Primitive& other) const {
  const auto& o = static_cast<const SliceUpdate&>(other);
  return start == o.start && stop == o.stop && strides == o.strides;
}

bool DynamicSlice::is_equivalent(const Primitive& other) const {
  const auto& o = static_cast<const DynamicSlice&>(other);
  return axes == o.axes && slice_size == o.slice_size;
}

bool DynamicSliceUpdate::is_equivalent(const Primitive& other) const {
  return axes == static_cast<const DynamicSliceUpdate&>(other).axes;
}

}  // namespace quern
