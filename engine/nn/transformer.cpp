#include "engine/nn/transformer.h"

#include "engine/nn/activations.h"
#include "engine/nn/transforms.h"
#include "engine/ops/arithmetic.h"

namespace quern::nn {

namespace {

std::shared_ptr<Layer> norm(int dims) { return std::make_shared<LayerNorm>(dims); }

Activation or_relu(Activation activation) {
  return activation ? std::move(activation) : Activation(relu);
}

/// fun(inputs), with the layer's inner results computed again for the gradient if asked.
template <typename Fun>
array run(Module& layer, bool checkpointed, const Arrays& inputs, Fun fun) {
  const std::function<array(const Arrays&)> of_arrays = fun;
  return checkpointed ? checkpoint(layer, of_arrays)(inputs) : of_arrays(inputs);
}

}  // namespace

TransformerEncoderLayer::TransformerEncoderLayer(int dims, int num_heads,
                                                 std::optional<int> mlp_dims, float dropout,
                                                 Activation activation, bool norm_first)
    : attention(*this, "attention", std::make_shared<MultiHeadAttention>(dims, num_heads)),
      ln1(*this, "ln1", norm(dims)),
      ln2(*this, "ln2", norm(dims)),
      linear1(*this, "linear1", std::make_shared<Linear>(dims, mlp_dims.value_or(4 * dims))),
      linear2(*this, "linear2", std::make_shared<Linear>(mlp_dims.value_or(4 * dims), dims)),
      dropout1(*this, "dropout1", std::make_shared<Dropout>(dropout)),
      dropout2(*this, "dropout2", std::make_shared<Dropout>(dropout)),
      activation_(or_relu(std::move(activation))),
      norm_first_(norm_first) {}

array TransformerEncoderLayer::operator()(const array& x, const AttentionMask& mask) {
  const auto attend = [&](const array& y) { return dropout1(attention(y, y, y, mask)); };
  const auto perceive = [&](const array& y) { return linear2(dropout2(activation_(linear1(y)))); };
  if (norm_first_) {
    const array attended = add(x, attend(ln1(x)));
    return add(attended, perceive(ln2(attended)));
  }
  const array attended = ln1(add(x, attend(x)));
  return ln2(add(attended, perceive(attended)));
}

TransformerDecoderLayer::TransformerDecoderLayer(int dims, int num_heads,
                                                 std::optional<int> mlp_dims, float dropout,
                                                 Activation activation, bool norm_first)
    : self_attention(*this, "self_attention",
                     std::make_shared<MultiHeadAttention>(dims, num_heads)),
      cross_attention(*this, "cross_attention",
                      std::make_shared<MultiHeadAttention>(dims, num_heads)),
      ln1(*this, "ln1", norm(dims)),
      ln2(*this, "ln2", norm(dims)),
      ln3(*this, "ln3", norm(dims)),
      linear1(*this, "linear1", std::make_shared<Linear>(dims, mlp_dims.value_or(4 * dims))),
      linear2(*this, "linear2", std::make_shared<Linear>(mlp_dims.value_or(4 * dims), dims)),
      dropout1(*this, "dropout1", std::make_shared<Dropout>(dropout)),
      dropout2(*this, "dropout2", std::make_shared<Dropout>(dropout)),
      dropout3(*this, "dropout3", std::make_shared<Dropout>(dropout)),
      activation_(or_relu(std::move(activation))),
      norm_first_(norm_first) {}

array TransformerDecoderLayer::operator()(const array& x, const array& memory,
                                          const AttentionMask& x_mask,
                                          const AttentionMask& memory_mask) {
  const auto attend = [&](const array& y) { return dropout1(self_attention(y, y, y, x_mask)); };
  const auto consult = [&](const array& y) {
    return dropout2(cross_attention(y, memory, memory, memory_mask));
  };
  const auto perceive = [&](const array& y) { return linear2(dropout3(activation_(linear1(y)))); };
  if (norm_first_) {
    const array attended = add(x, attend(ln1(x)));
    const array consulted = add(attended, consult(ln2(attended)));
    return add(consulted, perceive(ln3(consulted)));
  }
  const array attended = ln1(add(x, attend(x)));
  const array consulted = ln2(add(attended, consult(attended)));
  return ln3(add(consulted, perceive(consulted)));
}

TransformerEncoder::TransformerEncoder(int num_layers, int dims, int num_heads,
                                       std::optional<int> mlp_dims, float dropout,
                                       const Activation& activation, bool norm_first,
                                       bool checkpoint)
    : layers(*this, "layers"), ln(*this, "ln", norm(dims)), checkpoint_(checkpoint) {
  for (int i = 0; i < num_layers; ++i) {
    layers.push_back(std::make_shared<TransformerEncoderLayer>(dims, num_heads, mlp_dims, dropout,
                                                               activation, norm_first));
  }
}

array TransformerEncoder::operator()(const array& x, const AttentionMask& mask) {
  array y = x;
  for (const auto& layer : layers) {
    y = run(*layer, checkpoint_, {y},
            [&layer = *layer, mask](const Arrays& in) { return layer(in[0], mask); });
  }
  return ln(y);
}

TransformerDecoder::TransformerDecoder(int num_layers, int dims, int num_heads,
                                       std::optional<int> mlp_dims, float dropout,
                                       const Activation& activation, bool norm_first,
                                       bool checkpoint)
    : layers(*this, "layers"), ln(*this, "ln", norm(dims)), checkpoint_(checkpoint) {
  for (int i = 0; i < num_layers; ++i) {
    layers.push_back(std::make_shared<TransformerDecoderLayer>(dims, num_heads, mlp_dims, dropout,
                                                               activation, norm_first));
  }
}

array TransformerDecoder::operator()(const array& x, const array& memory,
                                     const AttentionMask& x_mask,
                                     const AttentionMask& memory_mask) {
  array y = x;
  for (const auto& layer : layers) {
    y = run(*layer, checkpoint_, {y, memory},
            [&layer = *layer, x_mask, memory_mask](const Arrays& in) {
              return layer(in[0], in[1], x_mask, memory_mask);
            });
  }
  return ln(y);
}

Transformer::Transformer(int dims, int num_heads, int num_encoder_layers, int num_decoder_layers,
                         std::optional<int> mlp_dims, float dropout, const Activation& activation,
                         std::shared_ptr<Encoder> custom_encoder,
                         std::shared_ptr<Decoder> custom_decoder, bool norm_first, bool checkpoint)
    : encoder(*this, "encoder",
              custom_encoder ? std::move(custom_encoder)
                             : std::make_shared<TransformerEncoder>(
                                   num_encoder_layers, dims, num_heads, mlp_dims, dropout,
                                   activation, norm_first, checkpoint)),
      decoder(*this, "decoder",
              custom_decoder ? std::move(custom_decoder)
                             : std::make_shared<TransformerDecoder>(
                                   num_decoder_layers, dims, num_heads, mlp_dims, dropout,
                                   activation, norm_first, checkpoint)) {}

array Transformer::operator()(const array& src, const array& tgt, const AttentionMask& src_mask,
                              const AttentionMask& tgt_mask, const AttentionMask& memory_mask) {
  return decoder(tgt, encoder(src, src_mask), tgt_mask, memory_mask);
}

}  // namespace quern::nn
