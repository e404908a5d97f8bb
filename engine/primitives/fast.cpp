#include "engine/primitives/fast.h"

namespace quern::fast {

std::vector<Shape> RMSNorm::output_shapes(const std::vector<array>& inputs) const {
  return {inputs[0].shape()};
}

bool RMSNorm::is_equivalent(const Primitive& other) const {
  return eps == static_cast<const RMSNorm&>(other).eps;
}

std::vector<Shape> LayerNorm::output_shapes(const std::vector<array>& inputs) const {
  return {inputs[0].shape()};
}

bool LayerNorm::is_equivalent(const Primitive& other) const {
  const auto& o = static_cast<const LayerNorm&>(other);
  return eps == o.eps && has_weight == o.has_weight && has_bias == o.has_bias;
}

std::vector<Shape> RoPE::output_shapes(const std::vector<array>& inputs) const {
  return {inputs[0].shape()};
}

bool RoPE::is_equivalent(const Primitive& other) const {
  const auto& o = static_cast<const RoPE&>(other);
  return dims == o.dims && traditional == o.traditional && base == o.base && scale == o.scale &&
         forward == o.forward;
}

std::vector<Shape> ScaledDotProductAttention::output_shapes(
    const std::vector<array>& inputs) const {
  Shape shape = inputs[0].shape();
  shape.back() = inputs[2].shape(-1);
  return {shape};
}

bool ScaledDotProductAttention::is_equivalent(const Primitive& other) const {
  const auto& o = static_cast<const ScaledDotProductAttention&>(other);
  return scale == o.scale && causal == o.causal && has_mask == o.has_mask &&
         has_sinks == o.has_sinks;
}

}  // namespace quern::fast
