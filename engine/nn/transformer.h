#pragma once

#include "engine/nn/dropout.h"
#include "engine/nn/linear.h"
#include "engine/nn/normalization.h"

namespace quern::nn {

/// Which keys a query sees: all; "causal", those not after it; or what an array says that
/// broadcasts to [N, heads, T, S] - bool (true: sees) or float (added to the scores).
class AttentionMask {
 public:
  AttentionMask() = default;
  AttentionMask(const char* mode) : mode_(mode) {}
  AttentionMask(array mask) : mode_("array"), mask_(std::move(mask)) {}

  const std::string& mode() const { return mode_; }
  const std::optional<array>& mask() const { return mask_; }

 private:
  std::string mode_;
  std::optional<array> mask_;
};

/// Scaled dot-product attention of several heads (Vaswani et al. 2017). Children: query_proj,
/// key_proj, value_proj and out_proj, Linear layers.
class MultiHeadAttention final : public Module {
 public:
  /// Input sizes default to `dims` (value_input_dims to key_input_dims), as do value_dims and
  /// value_output_dims. Throws std::invalid_argument unless num_heads divides dims.
  MultiHeadAttention(int dims, int num_heads, std::optional<int> query_input_dims = std::nullopt,
                     std::optional<int> key_input_dims = std::nullopt,
                     std::optional<int> value_input_dims = std::nullopt,
                     std::optional<int> value_dims = std::nullopt,
                     std::optional<int> value_output_dims = std::nullopt, bool bias = false);

  /// queries: [N, T, ...], keys and values: [N, S, ...] -> [N, T, value_output_dims]
  array operator()(const array& queries, const array& keys, const array& values,
                   const AttentionMask& mask = {});

  /// [n, n]: 0 where query i sees key j <= i, else the smallest finite number of the dtype.
  static array create_additive_causal_mask(int n, Dtype dtype = float32);

 private:
  int num_heads_;

 public:
  Child<Layer> query_proj, key_proj, value_proj, out_proj;
};

using Activation = std::function<array(const array&)>;

/// Self-attention and a multilayer perceptron with residual connections; norms come first in each
/// of the two, or else after it. Children: attention, ln1, ln2, linear1, linear2, dropout1,
/// dropout2.
class TransformerEncoderLayer final : public Module {
 public:
  /// mlp_dims: 4 * dims when none is given; activation: relu.
  TransformerEncoderLayer(int dims, int num_heads, std::optional<int> mlp_dims = std::nullopt,
                          float dropout = 0.0f, Activation activation = {}, bool norm_first = true);
  /// x: [N, T, dims]
  array operator()(const array& x, const AttentionMask& mask = {});

  Child<MultiHeadAttention> attention;
  Child<Layer> ln1, ln2, linear1, linear2, dropout1, dropout2;

 private:
  Activation activation_;
  bool norm_first_;
};

/// The same with attention to an encoder's output between the two. Children: self_attention,
/// cross_attention, ln1 to ln3, linear1, linear2, dropout1 to dropout3.
class TransformerDecoderLayer final : public Module {
 public:
  TransformerDecoderLayer(int dims, int num_heads, std::optional<int> mlp_dims = std::nullopt,
                          float dropout = 0.0f, Activation activation = {}, bool norm_first = true);
  /// x: [N, T, dims], memory: [N, S, dims]
  array operator()(const array& x, const array& memory, const AttentionMask& x_mask = {},
                   const AttentionMask& memory_mask = {});

  Child<MultiHeadAttention> self_attention, cross_attention;
  Child<Layer> ln1, ln2, ln3, linear1, linear2, dropout1, dropout2, dropout3;

 private:
  Activation activation_;
  bool norm_first_;
};

/// What Transformer takes as its two halves.
class Encoder : public Module {
 public:
  virtual array operator()(const array& x, const AttentionMask& mask = {}) = 0;
};
class Decoder : public Module {
 public:
  virtual array operator()(const array& x, const array& memory, const AttentionMask& x_mask = {},
                           const AttentionMask& memory_mask = {}) = 0;
};

/// Layers and a norm. Children: layers.0, ..., ln. checkpoint: the layers' inner results are
/// computed again for the gradient.
class TransformerEncoder final : public Encoder {
 public:
  TransformerEncoder(int num_layers, int dims, int num_heads,
                     std::optional<int> mlp_dims = std::nullopt, float dropout = 0.0f,
                     const Activation& activation = {}, bool norm_first = true,
                     bool checkpoint = false);
  array operator()(const array& x, const AttentionMask& mask = {}) override;

  Children<TransformerEncoderLayer> layers;
  Child<Layer> ln;

 private:
  bool checkpoint_;
};

class TransformerDecoder final : public Decoder {
 public:
  TransformerDecoder(int num_layers, int dims, int num_heads,
                     std::optional<int> mlp_dims = std::nullopt, float dropout = 0.0f,
                     const Activation& activation = {}, bool norm_first = true,
                     bool checkpoint = false);
  array operator()(const array& x, const array& memory, const AttentionMask& x_mask = {},
                   const AttentionMask& memory_mask = {}) override;

  Children<TransformerDecoderLayer> layers;
  Child<Layer> ln;

 private:
  bool checkpoint_;
};

/// An encoder and a decoder that reads it. Children: encoder, decoder.
class Transformer final : public Module {
 public:
  explicit Transformer(int dims = 512, int num_heads = 8, int num_encoder_layers = 6,
                       int num_decoder_layers = 6, std::optional<int> mlp_dims = std::nullopt,
                       float dropout = 0.0f, const Activation& activation = {},
                       std::shared_ptr<Encoder> custom_encoder = nullptr,
                       std::shared_ptr<Decoder> custom_decoder = nullptr, bool norm_first = true,
                       bool checkpoint = false);
  /// src: [N, S, dims], tgt: [N, T, dims] -> [N, T, dims]
  array operator()(const array& src, const array& tgt, const AttentionMask& src_mask = {},
                   const AttentionMask& tgt_mask = {}, const AttentionMask& memory_mask = {});

  Child<Encoder> encoder;
  Child<Decoder> decoder;
};

}  // namespace quern::nn
