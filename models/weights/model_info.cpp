#include "models/weights/model_info.h"

#include <algorithm>
#include <sstream>

#include "models/decoder/load_decoder.h"
#include "models/model_files.h"

namespace quern::models {

namespace {

constexpr int prefill_tokens = 512;  // of a prompt that are evaluated at a time, by default

PartSizes sizes_of(const std::monostate&) { return {}; }

template <typename Spec>
PartSizes sizes_of(const Spec& spec) {
  return spec.sizes();
}

/// How many floats a tensor stands for: none for scales and biases of a quantized weight.
int64_t parameters_of(const Weights& weights, const QuantizationConfig& quantization,
                      const std::string& name) {
  const auto elements = int64_t(weights.at(name).size());
  const std::string path = name.substr(0, name.rfind('.'));
  if (!weights.contains(path + ".scales")) return elements;
  if (!name.ends_with(".weight")) return name.ends_with(".bias") ? elements : 0;
  const auto found = quantization.of(path);
  return found ? elements * 32 / found->bits : elements;
}

bool ends_with_any(const std::string& name, const std::vector<std::string>& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](const std::string& ending) { return name.ends_with(ending); });
}

std::string name_of(Dtype dtype) {
  std::ostringstream out;
  out << dtype;
  return out.str();
}

}  // namespace

size_t ModelInfo::cache_bytes_per_token() const {
  size_t sum = 0;
  for (const LayerCacheSize& layer : layers) sum += layer.bytes_per_token;
  return sum;
}

size_t ModelInfo::cache_bytes(int context_length) const {
  size_t sum = 0;
  for (const LayerCacheSize& layer : layers) {
    const int kept = std::min(context_length, layer.window.value_or(context_length));
    sum += layer.bytes_per_token * size_t(kept) + layer.state_bytes;
  }
  return sum;
}

size_t ModelInfo::memory_to_run(int context_length) const {
  return weight_bytes + cache_bytes(context_length) + activation_bytes;
}

ModelInfo read_model_info(const std::filesystem::path& folder) {
  const ModelFiles files = ModelFiles::open(folder);
  const ModelConfig& config = files.config;
  const DecoderSpec& spec = files.spec;
  const Dtype dtype = compute_dtype(files.weights, spec);

  ModelInfo info;
  info.family = files.family;
  info.model_type = config.model_type;
  info.dtype = name_of(dtype);
  info.quantization = config.quantization.global;
  info.max_position_embeddings = config.max_position_embeddings;
  for (const auto& [name, tensor] : files.weights) {
    if (ends_with_any(name, spec.ignored)) continue;
    info.parameters += parameters_of(files.weights, config.quantization, name);
    info.weight_bytes += tensor.nbytes();
  }
  if (info.parameters > 0) {
    info.bits_per_weight = 8.0 * double(info.weight_bytes) / double(info.parameters);
  }

  size_t widest = 0;
  for (const LayerSpec& layer : spec.layers) {
    const auto sizes = [](const auto& part) { return sizes_of(part); };
    const PartSizes mixer = std::visit(sizes, layer.mixer);
    const PartSizes fed_forward = std::visit(sizes, layer.feed_forward);
    info.layers.push_back(
        {mixer.cache_per_token * dtype.size(), mixer.window, mixer.state * sizeof(float)});
    widest = std::max({widest, mixer.activations_per_token, fed_forward.activations_per_token});
  }
  info.activation_bytes = (widest + 4 * size_t(spec.hidden_size)) * dtype.size() * prefill_tokens +
                          size_t(spec.vocab_size) * sizeof(float);
  return info;
}

}  // namespace quern::models
