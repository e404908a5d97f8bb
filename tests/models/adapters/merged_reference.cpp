#include "tests/models/adapters/merged_reference.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/quantized.h"
#include "engine/ops/shape.h"
#include "models/adapters/adapter_layers.h"
#include "models/decoder/load_decoder.h"

namespace quern::tests {

namespace {

using models::AdaptableModule;

std::vector<double> doubles_of(const array& values) {
  array floats = contiguous(astype(values, float32));
  floats.eval();
  return {floats.data<float>(), floats.data<float>() + floats.size()};
}

std::vector<double> floats_of(const models::StoredWeight& weight) {
  const auto& q = weight.quantization;
  array floats = q ? dequantize(weight.weight, *weight.scales, weight.biases, q->group_size,
                                q->bits, q->mode, std::nullopt, float32)
                   : weight.weight;
  if (weight.factor) floats = multiply(floats, *weight.factor);
  return doubles_of(floats);
}

/// up @ down, written out: [experts or 1][out][in].
std::vector<double> product_of(const AdaptableModule& module, const nn::Parameters& parameters) {
  const array& a = parameters.at(module.path + ".lora_a");
  const array& b = parameters.at(module.path + ".lora_b");
  const bool experts = module.kind == AdaptableModule::Kind::experts;
  const int count = experts ? module.shape[0] : 1, rank = a.shape(1);
  const int out = module.shape[experts ? 1 : 0], in = module.shape.back();
  const auto av = doubles_of(a), bv = doubles_of(b);
  std::vector<double> product(size_t(count) * size_t(out) * size_t(in));
  for (int e = 0; e < count; ++e)
    for (int o = 0; o < out; ++o)
      for (int i = 0; i < in; ++i) {
        double sum = 0;
        for (int r = 0; r < rank; ++r) {
          switch (module.kind) {
            case AdaptableModule::Kind::linear:
              sum += av[size_t(i * rank + r)] * bv[size_t(r * out + o)];
              break;
            case AdaptableModule::Kind::embedding:
              sum += av[size_t(o * rank + r)] * bv[size_t(r * in + i)];
              break;
            case AdaptableModule::Kind::experts:
              sum += av[size_t((e * rank + r) * in + i)] * bv[size_t((e * out + o) * rank + r)];
              break;
          }
        }
        product[size_t((e * out + o) * in + i)] = sum;
      }
  return product;
}

/// What one adapter makes of W; empty when it does not know the module.
std::vector<double> adapted(const AdaptableModule& module, const std::vector<double>& plain,
                            const ReferenceAdapter& adapter) {
  if (!adapter.parameters.contains(module.path + ".lora_a")) return {};
  std::vector<double> weight = product_of(module, adapter.parameters);
  for (size_t i = 0; i < weight.size(); ++i)
    weight[i] = plain[i] + adapter.strength * adapter.scale * weight[i];
  const auto m = adapter.parameters.find(module.path + ".m");
  if (m == adapter.parameters.end()) return weight;
  const auto magnitudes = doubles_of(m->second);
  const size_t in = size_t(module.shape.back());
  for (size_t row = 0; row < magnitudes.size(); ++row) {
    double before = 0, now = 0;
    for (size_t i = row * in; i < (row + 1) * in; ++i) {
      before += plain[i] * plain[i];
      now += weight[i] * weight[i];
    }
    const double wanted =
        std::sqrt(before) + adapter.strength * (magnitudes[row] - std::sqrt(before));
    for (size_t i = row * in; i < (row + 1) * in; ++i) weight[i] *= wanted / std::sqrt(now);
  }
  return weight;
}

}  // namespace

models::ModelFiles merged_reference(models::ModelFiles files,
                                    const std::vector<ReferenceAdapter>& adapters) {
  models::Weights merged;
  models::visit_adaptable_weights(
      files, [&](const AdaptableModule& module, const models::StoredWeight& weight) {
        const auto plain = floats_of(weight);
        auto sum = plain;
        for (const ReferenceAdapter& adapter : adapters) {
          const auto changed = adapted(module, plain, adapter);
          for (size_t i = 0; i < changed.size(); ++i) sum[i] += changed[i] - plain[i];
        }
        if (sum == plain) return;
        const std::vector<float> floats(sum.begin(), sum.end());
        merged.emplace(module.path, array(floats.begin(), module.shape, float32));
      });
  for (const auto& [path, weight] : merged) {
    for (const char* part : {".scales", ".biases", ".global_scale"})
      files.weights.erase(path + part);
    files.weights.insert_or_assign(path + ".weight", weight);
  }
  return files;
}

nn::Parameters random_like(const nn::Parameters& parameters, uint64_t seed) {
  std::mt19937_64 engine(seed);
  nn::Parameters out;
  for (const auto& [name, value] : parameters) {
    std::vector<double> values = doubles_of(value);
    const bool magnitude = name.ends_with(".m");
    for (double& x : values) {
      const double drawn = double(engine() >> 11) * 0x1p-53;  // [0, 1), the same everywhere
      x = magnitude ? x * (0.7 + 0.6 * drawn) : 0.2 * (drawn - 0.5);
    }
    const std::vector<float> floats(values.begin(), values.end());
    out.emplace(name, array(floats.begin(), value.shape(), float32));
  }
  return out;
}

std::vector<float> logits_of(const models::ModelFiles& files, models::UpdateSource updates) {
  const auto decoder = models::load_decoder(files.weights, files.spec, files.config.quantization,
                                            true, files.path.string(), std::move(updates));
  const std::vector<int32_t> tokens = {1, 20, 33, 7, 50, 9, 33, 2};
  array out = contiguous(decoder->logits(array(tokens.begin(), {1, int(tokens.size())}, int32)));
  out.eval();
  return {out.data<float>(), out.data<float>() + out.size()};
}

double largest_error(const std::vector<float>& found, const std::vector<float>& expected) {
  if (found.size() != expected.size()) return INFINITY;
  double error = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(double(found[i]) - double(expected[i]));
    error = std::isfinite(found[i]) ? std::max(error, difference / (1 + std::abs(expected[i])))
                                    : INFINITY;
  }
  return error;
}

}  // namespace quern::tests
