#pragma once

#include "engine/nn/module.h"
#include "engine/nn/quantizable.h"

namespace quern::nn {

/// Its input.
class Identity final : public Layer {
 public:
  array operator()(const array& x) override { return x; }
};

/// x @ weight^T + bias. Parameters: weight [output, input], bias [output]; both start uniform in
/// +-1 / sqrt(input).
class Linear final : public Layer, public Quantizable {
 public:
  Linear(int input_dims, int output_dims, bool bias = true);

  array operator()(const array& x) override;
  std::shared_ptr<Module> to_quantized(const QuantizeOptions& options) const override;

  Parameter weight;
  std::optional<Parameter> bias;
};

/// x1 @ weight[o] @ x2 + bias for each output o. Parameters: weight [output, input2, input1], bias
/// [output]; both start uniform in +-1 / sqrt(input1).
class Bilinear final : public Module {
 public:
  Bilinear(int input1_dims, int input2_dims, int output_dims, bool bias = true);

  /// x1: [..., input1], x2: [..., input2] -> [..., output]
  array operator()(const array& x1, const array& x2);

  Parameter weight;
  std::optional<Parameter> bias;
};

/// What maps integers to vectors, and may serve as the output layer too.
class EmbeddingLayer : public Layer {
 public:
  /// x: [..., dims] -> scores [..., num_embeddings]: x @ weight^T.
  virtual array as_linear(const array& x) = 0;
};

/// Rows of weight [num_embeddings, dims], which starts normal with deviation 1 / sqrt(dims).
class Embedding final : public EmbeddingLayer, public Quantizable {
 public:
  Embedding(int num_embeddings, int dims);

  array operator()(const array& x) override;
  array as_linear(const array& x) override;
  std::shared_ptr<Module> to_quantized(const QuantizeOptions& options) const override;

  Parameter weight;
};

/// Layers one after the other. Children: "layers.0", ....
class Sequential final : public Layer {
 public:
  explicit Sequential(const std::vector<std::shared_ptr<Layer>>& layers);
  template <typename... Layers>
  requires(std::is_base_of_v<Layer, Layers>&&...) explicit Sequential(
      std::shared_ptr<Layers>... layers)
      : Sequential(std::vector<std::shared_ptr<Layer>>{std::move(layers)...}) {}

  array operator()(const array& x) override;

  Children<Layer> layers{*this, "layers"};
};

}  // namespace quern::nn
