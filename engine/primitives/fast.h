#pragma once

#include <optional>

#include "engine/primitives/primitive.h"

namespace quern::fast {

/// inputs {x} or {x, weight}.
class RMSNorm final : public Primitive {
 public:
  RMSNorm(Stream s, float eps) : Primitive(s), eps(eps) {}
  const char* name() const override { return "RMSNorm"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override;
  bool is_equivalent(const Primitive& other) const override;

  const float eps;
};

/// inputs {x}, then weight and bias where there are.
class LayerNorm final : public Primitive {
 public:
  LayerNorm(Stream s, float eps, bool has_weight, bool has_bias)
      : Primitive(s), eps(eps), has_weight(has_weight), has_bias(has_bias) {}
  const char* name() const override { return "LayerNorm"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override;
  bool is_equivalent(const Primitive& other) const override;

  const float eps;
  const bool has_weight;
  const bool has_bias;
};

/// inputs {x, offset: int32 with 1 element or B} or {x, offset, freqs: float32 [dims / 2]}, the
/// latter when there is no base.
class RoPE final : public Primitive {
 public:
  RoPE(Stream s, int dims, bool traditional, std::optional<float> base, float scale, bool forward)
      : Primitive(s),
        dims(dims),
        traditional(traditional),
        base(base),
        scale(scale),
        forward(forward) {}
  const char* name() const override { return "RoPE"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override;
  bool is_equivalent(const Primitive& other) const override;

  const int dims;
  const bool traditional;
  const std::optional<float> base;
  const float scale;
  const bool forward;  ///< false turns back: the gradient
};

/// inputs {queries, keys, values}, then mask and sinks where there are. The mask is bool or float
/// and broadcasts to [B, Hq, Tq, Tk].
class ScaledDotProductAttention final : public Primitive {
 public:
  ScaledDotProductAttention(Stream s, float scale, bool causal, bool has_mask, bool has_sinks)
      : Primitive(s), scale(scale), causal(causal), has_mask(has_mask), has_sinks(has_sinks) {}
  const char* name() const override { return "ScaledDotProductAttention"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override;
  bool is_equivalent(const Primitive& other) const override;

  const float scale;
  const bool causal;
  const bool has_mask;
  const bool has_sinks;
};

}  // namespace quern::fast
