#pragma once

#include <functional>
#include <variant>

#include "engine/nn/linear.h"

namespace quern::nn {

/// A weight in quantized form, as the parameters that a module has for it: weight (packed uint32,
/// never trained), scales and, in mode affine, biases. They start frozen.
class QuantizedWeight {
 public:
  /// Quantizes w [N, K]. Throws as quern::quantize does.
  QuantizedWeight(Module& owner, const array& w, const QuantizeOptions& options);

  /// The rows that the indices say, as floats.
  array rows(const array& indices) const;
  /// x @ w^T
  array product(const array& x) const;

  Parameter weight, scales;
  std::optional<Parameter> biases;
  const int group_size, bits;
  const std::string mode;

 private:
  QuantizedWeight(Module& owner, const array& w, const Arrays& parts,
                  const QuantizeOptions& options);
};

/// A Linear whose weight is quantized. Parameters: weight, scales, biases (mode affine) and bias
/// [output]; all start frozen.
class QuantizedLinear final : public Layer {
 public:
  /// Weights uniform in +-1 / sqrt(input), bias 0. group_size and bits default to the mode's.
  QuantizedLinear(int input_dims, int output_dims, bool bias = true,
                  std::optional<int> group_size = std::nullopt,
                  std::optional<int> bits = std::nullopt, const std::string& mode = "affine");
  QuantizedLinear(const array& weight, const std::optional<array>& bias,
                  const QuantizeOptions& options);
  static std::shared_ptr<QuantizedLinear> from_linear(const Linear& linear,
                                                      const QuantizeOptions& options = {});

  array operator()(const array& x) override;

  QuantizedWeight quantized;
  std::optional<Parameter> bias;
};

/// An Embedding whose weight is quantized. Parameters as QuantizedLinear's, without bias.
class QuantizedEmbedding final : public EmbeddingLayer {
 public:
  QuantizedEmbedding(int num_embeddings, int dims, std::optional<int> group_size = std::nullopt,
                     std::optional<int> bits = std::nullopt, const std::string& mode = "affine");
  QuantizedEmbedding(const array& weight, const QuantizeOptions& options);
  static std::shared_ptr<QuantizedEmbedding> from_embedding(const Embedding& embedding,
                                                            const QuantizeOptions& options = {});

  array operator()(const array& x) override;
  array as_linear(const array& x) override;

  QuantizedWeight quantized;
};

/// A Linear without bias that quantizes both its weight and its input (quern::qqmm). In training
/// the weight is kept as floats; eval() quantizes it, into the parameters weight and scales, and
/// train() expands it again.
class QQLinear final : public Layer {
 public:
  QQLinear(int input_dims, int output_dims, std::optional<int> group_size = std::nullopt,
           std::optional<int> bits = std::nullopt, const std::string& mode = "nvfp4");
  QQLinear(const array& weight, const QuantizeOptions& options);
  /// Throws std::invalid_argument when it has a bias.
  static std::shared_ptr<QQLinear> from_linear(const Linear& linear,
                                               const QuantizeOptions& options);

  array operator()(const array& x) override;

  void quantize();
  void dequantize();

  Parameter weight;
  std::optional<Parameter> scales;
  const QuantizeOptions options;

 protected:
  void set_training_mode(bool mode) override;

 private:
  Dtype dtype_;  ///< of the weight in training
};

/// What becomes of a layer: true takes the options given to quantize(), options of its own replace
/// them, false leaves it alone.
using QuantizePredicate =
    std::function<std::variant<bool, QuantizeOptions>(const std::string& name, const Module&)>;

/// Replaces the model's leaf modules, those that are Quantizable or those that the predicate names,
/// by their quantized forms. Throws std::invalid_argument when the predicate names one that has
/// none, or a place in the tree does not take it.
void quantize(Module& model, std::optional<int> group_size = std::nullopt,
              std::optional<int> bits = std::nullopt, const std::string& mode = "affine",
              const QuantizePredicate& predicate = {}, bool quantize_input = false);

}  // namespace quern::nn
