#include "models/weights/model_info.h"

#include <algorithm>
#include <sstream>

#include "models/config/model_config.h"
#include "models/decoder/load_decoder.h"
#include "models/families/family.h"

namespace quern::models {

namespace {

constexpr int prefill_tokens = 512;  // of a prompt that are evaluated at a time, by default

struct LayerSizes {
  size_t cache_per_token = 0;  ///< elements
  std::optional<int> window;
  size_t activations_per_token = 0;  ///< elements, at the most
};

LayerSizes sizes_of(const AttentionSpec& attention) {
  const auto queries = size_t(attention.num_heads) * size_t(attention.head_dim);
  const auto keys = size_t(attention.num_key_value_heads) * size_t(attention.head_dim);
  return {2 * keys, attention.window, 3 * queries + 4 * keys};
}

size_t activations_per_token(const MlpSpec& mlp) { return 3 * size_t(mlp.intermediate_size); }

/// How many floats a tensor stands for: none for scales and biases of a quantized weight.
int64_t parameters_of(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                      const std::string& name) {
  const auto elements = int64_t(element_count(checkpoint.find(name)->shape));
  const std::string path = name.substr(0, name.rfind('.'));
  if (!checkpoint.find(path + ".scales")) return elements;
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
    sum += layer.bytes_per_token * size_t(kept);
  }
  return sum;
}

size_t ModelInfo::memory_to_run(int context_length) const {
  return weight_bytes + cache_bytes(context_length) + activation_bytes;
}

ModelInfo read_model_info(const std::filesystem::path& folder) {
  const ModelConfig config = ModelConfig::load(folder);
  const Family& family = find_family(config);
  const DecoderSpec spec = family.describe(config);
  const Checkpoint checkpoint = Checkpoint::open(folder);
  const Dtype dtype = compute_dtype(checkpoint, spec);

  ModelInfo info;
  info.family = family.name;
  info.model_type = config.model_type;
  info.dtype = name_of(dtype);
  info.quantization = config.quantization.global;
  info.max_position_embeddings = config.max_position_embeddings;
  for (const std::string& name : checkpoint.names()) {
    if (ends_with_any(name, spec.ignored)) continue;
    info.parameters += parameters_of(checkpoint, config.quantization, name);
    info.weight_bytes += checkpoint.find(name)->nbytes;
  }
  if (info.parameters > 0) {
    info.bits_per_weight = 8.0 * double(info.weight_bytes) / double(info.parameters);
  }

  size_t widest = 0;
  for (const LayerSpec& layer : spec.layers) {
    const LayerSizes mixer =
        std::visit([](const auto& part) { return sizes_of(part); }, layer.mixer);
    const size_t fed_forward = std::visit(
        [](const auto& part) { return activations_per_token(part); }, layer.feed_forward);
    info.layers.push_back({mixer.cache_per_token * dtype.size(), mixer.window});
    widest = std::max({widest, mixer.activations_per_token, fed_forward});
  }
  info.activation_bytes = (widest + 4 * size_t(spec.hidden_size)) * dtype.size() * prefill_tokens +
                          size_t(spec.vocab_size) * sizeof(float);
  return info;
}

}  // namespace quern::models
