#include "engine/nn/quantized.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/quantized.h"
#include "engine/ops/random.h"

namespace quern::nn {

namespace {

Arrays quantized_parts(const array& w, const QuantizeOptions& options) {
  return quern::quantize(w, options.group_size, options.bits, options.mode);
}

array uniform(int output_dims, int input_dims) {
  const float limit = float(std::sqrt(1.0 / input_dims));
  return random::uniform(-limit, limit, {output_dims, input_dims});
}

/// What quern::quantize took where the options leave it open: told by the lengths of the last axes.
int bits_of(const array& packed, const array& w) { return packed.shape(-1) * 32 / w.shape(-1); }

}  // namespace

QuantizedWeight::QuantizedWeight(Module& owner, const array& w, const QuantizeOptions& options)
    : QuantizedWeight(owner, w, quantized_parts(w, options), options) {}

QuantizedWeight::QuantizedWeight(Module& owner, const array& w, const Arrays& parts,
                                 const QuantizeOptions& options)
    : weight(owner, "weight", parts[0], Parameter::Role::fixed),
      scales(owner, "scales", parts[1],
             parts.size() > 2 ? Parameter::Role::trainable : Parameter::Role::fixed),
      group_size(w.shape(-1) / parts[1].shape(-1)),
      bits(bits_of(parts[0], w)),
      mode(options.mode) {
  if (parts.size() > 2) biases.emplace(owner, "biases", parts[2]);
  owner.freeze(false);
}

array QuantizedWeight::rows(const array& indices) const {
  std::optional<array> some_biases;
  if (biases) some_biases = take(*biases, indices, 0);
  return quern::dequantize(take(weight, indices, 0), take(scales, indices, 0), some_biases,
                           group_size, bits, mode);
}

array QuantizedWeight::product(const array& x) const {
  return quantized_matmul(x, weight, scales, biases, true, group_size, bits, mode);
}

QuantizedLinear::QuantizedLinear(int input_dims, int output_dims, bool bias,
                                 std::optional<int> group_size, std::optional<int> bits,
                                 const std::string& mode)
    : QuantizedLinear(uniform(output_dims, input_dims),
                      bias ? std::optional<array>(zeros({output_dims})) : std::nullopt,
                      {group_size, bits, mode}) {}

QuantizedLinear::QuantizedLinear(const array& weight, const std::optional<array>& bias,
                                 const QuantizeOptions& options)
    : quantized(*this, weight, options) {
  if (bias) this->bias.emplace(*this, "bias", *bias);
  freeze(false);
}

std::shared_ptr<QuantizedLinear> QuantizedLinear::from_linear(const Linear& linear,
                                                              const QuantizeOptions& options) {
  return std::make_shared<QuantizedLinear>(linear.weight, linear.bias, options);
}

array QuantizedLinear::operator()(const array& x) {
  const array y = quantized.product(x);
  return bias ? add(y, *bias) : y;
}

QuantizedEmbedding::QuantizedEmbedding(int num_embeddings, int dims, std::optional<int> group_size,
                                       std::optional<int> bits, const std::string& mode)
    : QuantizedEmbedding(random::normal({num_embeddings, dims}, 0.0f, float(std::sqrt(1.0 / dims))),
                         {group_size, bits, mode}) {}

QuantizedEmbedding::QuantizedEmbedding(const array& weight, const QuantizeOptions& options)
    : quantized(*this, weight, options) {}

std::shared_ptr<QuantizedEmbedding> QuantizedEmbedding::from_embedding(
    const Embedding& embedding, const QuantizeOptions& options) {
  return std::make_shared<QuantizedEmbedding>(embedding.weight, options);
}

array QuantizedEmbedding::operator()(const array& x) { return quantized.rows(x); }

array QuantizedEmbedding::as_linear(const array& x) { return quantized.product(x); }

QQLinear::QQLinear(int input_dims, int output_dims, std::optional<int> group_size,
                   std::optional<int> bits, const std::string& mode)
    : QQLinear(uniform(output_dims, input_dims), {group_size, bits, mode, true}) {}

QQLinear::QQLinear(const array& weight, const QuantizeOptions& options)
    : weight(*this, "weight", weight), options(options), dtype_(weight.dtype()) {}

std::shared_ptr<QQLinear> QQLinear::from_linear(const Linear& linear,
                                                const QuantizeOptions& options) {
  if (linear.bias) throw std::invalid_argument("[QQLinear] cannot have a bias");
  auto layer = std::make_shared<QQLinear>(linear.weight, options);
  layer->train(linear.training());
  return layer;
}

array QQLinear::operator()(const array& x) {
  return qqmm(x, weight, scales, options.group_size, options.bits, options.mode);
}

void QQLinear::quantize() {
  if (scales) return;
  const Arrays parts = quantized_parts(weight, options);
  dtype_ = weight.dtype();
  weight = parts[0];
  scales.emplace(*this, "scales", parts[1], Parameter::Role::fixed);
  freeze(false, {"weight"});
}

void QQLinear::dequantize() {
  if (!scales) return;
  weight = quern::dequantize(weight, *scales, std::nullopt, options.group_size, options.bits,
                             options.mode, std::nullopt, dtype_);
  scales.reset();
  unfreeze(false, {"weight"});
}

void QQLinear::set_training_mode(bool mode) {
  Module::set_training_mode(mode);
  mode ? dequantize() : quantize();
}

void quantize(Module& model, std::optional<int> group_size, std::optional<int> bits,
              const std::string& mode, const QuantizePredicate& predicate, bool quantize_input) {
  const QuantizeOptions defaults{group_size, bits, mode, quantize_input};
  std::map<std::string, std::shared_ptr<Module>> replacements;
  for (const auto& [name, module] : model.leaf_modules()) {
    const auto* quantizable = dynamic_cast<const Quantizable*>(module);
    const std::variant<bool, QuantizeOptions> choice =
        predicate ? predicate(name, *module) : quantizable != nullptr;
    if (const bool* chosen = std::get_if<bool>(&choice); chosen && !*chosen) continue;
    if (!quantizable) {
      throw std::invalid_argument(fmt::format("[quantize] {} has no quantized form", name));
    }
    const QuantizeOptions* own = std::get_if<QuantizeOptions>(&choice);
    replacements[name] = quantizable->to_quantized(own ? *own : defaults);
  }
  model.update_modules(replacements);
}

}  // namespace quern::nn
