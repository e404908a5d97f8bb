#pragma once

#include <optional>

#include "engine/primitives/primitive.h"

namespace quern::fast {

/// A step that plain operations could do as well. Its derivatives and batches are theirs, so that
/// any order and mixture of transforms works; what has a faster way overrides them.
class Fused : public Primitive {
 public:
  using Primitive::Primitive;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;

  /// The outputs in plain operations.
  virtual Arrays fallback(const Arrays& inputs) const = 0;
};

template <typename P>
using FusedOf = PrimitiveOf<P, Fused>;

/// inputs {x} or {x, weight}.
class RMSNorm final : public FusedOf<RMSNorm> {
 public:
  RMSNorm(Stream s, float eps) : PrimitiveOf(s), eps(eps) {}
  static constexpr const char* type_name = "RMSNorm";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
  auto state() const { return std::tie(eps); }

  const float eps;
};

/// inputs RMSNorm's and the cotangent -> the gradients of RMSNorm's inputs.
class RMSNormVJP final : public FusedOf<RMSNormVJP> {
 public:
  RMSNormVJP(Stream s, float eps) : PrimitiveOf(s), eps(eps) {}
  static constexpr const char* type_name = "RMSNormVJP";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
  auto state() const { return std::tie(eps); }

  const float eps;
};

/// inputs {x}, then weight and bias where there are.
class LayerNorm final : public FusedOf<LayerNorm> {
 public:
  LayerNorm(Stream s, float eps, bool has_weight, bool has_bias)
      : PrimitiveOf(s), eps(eps), has_weight(has_weight), has_bias(has_bias) {}
  static constexpr const char* type_name = "LayerNorm";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
  auto state() const { return std::tie(eps, has_weight, has_bias); }

  const float eps;
  const bool has_weight;
  const bool has_bias;
};

/// inputs LayerNorm's and the cotangent -> the gradients of LayerNorm's inputs.
class LayerNormVJP final : public FusedOf<LayerNormVJP> {
 public:
  LayerNormVJP(Stream s, float eps, bool has_weight, bool has_bias)
      : PrimitiveOf(s), eps(eps), has_weight(has_weight), has_bias(has_bias) {}
  static constexpr const char* type_name = "LayerNormVJP";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
  auto state() const { return std::tie(eps, has_weight, has_bias); }

  const float eps;
  const bool has_weight;
  const bool has_bias;
};

/// inputs {x, offset: int32 with 1 element or B} or {x, offset, freqs: float32 [dims / 2]}, the
/// latter when there is no base.
class RoPE final : public FusedOf<RoPE> {
 public:
  RoPE(Stream s, int dims, bool traditional, std::optional<float> base, float scale, bool forward)
      : PrimitiveOf(s),
        dims(dims),
        traditional(traditional),
        base(base),
        scale(scale),
        forward(forward) {}
  static constexpr const char* type_name = "RoPE";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
  auto state() const { return std::tie(dims, traditional, base, scale, forward); }

  const int dims;
  const bool traditional;
  const std::optional<float> base;
  const float scale;
  const bool forward;  ///< false turns back: the gradient

 private:
  /// The same turn, or the turn back, of another vector.
  array turned(const array& x, const Arrays& inputs, bool forward) const;
};

/// inputs {queries, keys, values}, then mask and sinks where there are. The mask is bool or float
/// and broadcasts to [B, Hq, Tq, Tk].
class ScaledDotProductAttention final : public FusedOf<ScaledDotProductAttention> {
 public:
  ScaledDotProductAttention(Stream s, float scale, bool causal, bool has_mask, bool has_sinks)
      : PrimitiveOf(s), scale(scale), causal(causal), has_mask(has_mask), has_sinks(has_sinks) {}
  static constexpr const char* type_name = "ScaledDotProductAttention";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
  auto state() const { return std::tie(scale, causal, has_mask, has_sinks); }

  const float scale;
  const bool causal;
  const bool has_mask;
  const bool has_sinks;
};

/// inputs {queries [N, Hq, T, D], keys and values of the first sequence, of the second, ...}, then
/// sinks where there are: row i of the queries sees all keys [1, Hkv, T_i, D] of sequence i.
class AttentionOfSequences final : public FusedOf<AttentionOfSequences> {
 public:
  AttentionOfSequences(Stream s, float scale, bool has_sinks)
      : PrimitiveOf(s), scale(scale), has_sinks(has_sinks) {}
  static constexpr const char* type_name = "AttentionOfSequences";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
  auto state() const { return std::tie(scale, has_sinks); }

  const float scale;
  const bool has_sinks;
};

/// inputs the attention's, its output and the cotangent -> the gradients of queries, keys, values
/// and, where there are, sinks. The mask is held fixed.
class ScaledDotProductAttentionVJP final : public FusedOf<ScaledDotProductAttentionVJP> {
 public:
  ScaledDotProductAttentionVJP(Stream s, float scale, bool causal, bool has_mask, bool has_sinks)
      : PrimitiveOf(s), scale(scale), causal(causal), has_mask(has_mask), has_sinks(has_sinks) {}
  static constexpr const char* type_name = "ScaledDotProductAttentionVJP";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
  auto state() const { return std::tie(scale, causal, has_mask, has_sinks); }

  const float scale;
  const bool causal;
  const bool has_mask;
  const bool has_sinks;
};

/// inputs {logits [..., C], targets [...]: int32}.
class CrossEntropy final : public FusedOf<CrossEntropy> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "CrossEntropy";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
};

/// inputs {logits, targets, cotangent} -> the gradient of the logits.
class CrossEntropyVJP final : public FusedOf<CrossEntropyVJP> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "CrossEntropyVJP";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
};

}  // namespace quern::fast
