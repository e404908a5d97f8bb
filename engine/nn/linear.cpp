#include "engine/nn/linear.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "engine/nn/quantized.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/indexing.h"
#include "engine/ops/matmul.h"
#include "engine/ops/random.h"
#include "engine/ops/shape.h"

namespace quern::nn {

namespace {

array uniform(const Shape& shape, int inputs) {
  const float limit = float(std::sqrt(1.0 / inputs));
  return random::uniform(-limit, limit, shape);
}

}  // namespace

Linear::Linear(int input_dims, int output_dims, bool bias)
    : weight(*this, "weight", uniform({output_dims, input_dims}, input_dims)) {
  if (bias) this->bias.emplace(*this, "bias", uniform({output_dims}, input_dims));
}

array Linear::operator()(const array& x) {
  return bias ? addmm(*bias, x, transpose(weight)) : matmul(x, transpose(weight));
}

std::shared_ptr<Module> Linear::to_quantized(const QuantizeOptions& options) const {
  if (!options.quantize_input) return QuantizedLinear::from_linear(*this, options);
  if (options.mode != "nvfp4" && options.mode != "mxfp8") {
    throw std::invalid_argument(fmt::format(
        "[Linear] inputs are quantized in modes nvfp4 and mxfp8, not in {}", options.mode));
  }
  return QQLinear::from_linear(*this, options);
}

Bilinear::Bilinear(int input1_dims, int input2_dims, int output_dims, bool bias)
    : weight(*this, "weight", uniform({output_dims, input2_dims, input1_dims}, input1_dims)) {
  if (bias) this->bias.emplace(*this, "bias", uniform({output_dims}, input1_dims));
}

array Bilinear::operator()(const array& x1, const array& x2) {
  const int outputs = weight.shape(0), inputs2 = weight.shape(1), inputs1 = weight.shape(2);
  const array rows = reshape(weight, {outputs * inputs2, inputs1});
  // [n, outputs, inputs2] times [n, inputs2, 1]
  const array products =
      reshape(matmul(reshape(x1, {-1, inputs1}), transpose(rows)), {-1, outputs, inputs2});
  const array y = matmul(products, reshape(x2, {-1, inputs2, 1}));
  Shape shape = x1.shape();
  shape.back() = outputs;
  const array result = reshape(y, shape);
  return bias ? add(result, *bias) : result;
}

Embedding::Embedding(int num_embeddings, int dims)
    : weight(*this, "weight",
             random::normal({num_embeddings, dims}, 0.0f, float(std::sqrt(1.0 / dims)))) {}

array Embedding::operator()(const array& x) { return take(weight, x, 0); }

array Embedding::as_linear(const array& x) { return matmul(x, transpose(weight)); }

std::shared_ptr<Module> Embedding::to_quantized(const QuantizeOptions& options) const {
  if (options.quantize_input) {
    throw std::invalid_argument("[Embedding] its inputs are indices, which cannot be quantized");
  }
  return QuantizedEmbedding::from_embedding(*this, options);
}

Sequential::Sequential(const std::vector<std::shared_ptr<Layer>>& layers) {
  for (const auto& layer : layers) this->layers.push_back(layer);
}

array Sequential::operator()(const array& x) {
  array y = x;
  for (const auto& layer : layers) y = layer(y);
  return y;
}

}  // namespace quern::nn
