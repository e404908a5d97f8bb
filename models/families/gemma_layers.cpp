#include "models/families/gemma_layers.h"

#include <fmt/format.h>

#include "models/families/common.h"

namespace quern::models {

std::vector<bool> gemma_sliding_layers(const ModelConfig& config, int pattern) {
  std::vector<bool> slides;
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    const bool last = i + 1 == config.num_hidden_layers;
    slides.push_back(layer_slides(config, i, (i + 1) % pattern != 0 && !last));
  }
  return slides;
}

std::optional<LayerInputSpec> gemma_layer_inputs(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  LayerInputSpec spec;
  spec.size = reader.integer("hidden_size_per_layer_input", {0, 1 << 14}, 256);
  if (spec.size == 0) return std::nullopt;
  spec.vocab_size = reader.integer("vocab_size_per_layer_input", {1, 1 << 24}, 262144);
  spec.activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
  spec.norm.eps = config.rms_norm_eps;
  return spec;
}

void share_keys(const ModelConfig& config, const std::vector<bool>& slides, DecoderSpec& decoder) {
  const int layers = config.num_hidden_layers;
  const ConfigReader reader = config.reader();
  const int shared = reader.integer("num_kv_shared_layers", {0, layers - 1}, 0);
  const int first = layers - shared;
  for (int i = first; i < layers; ++i) {
    int from = first - 1;
    while (from >= 0 && slides[size_t(from)] != slides[size_t(i)]) --from;
    if (from < 0) {
      reader.fail(
          "num_kv_shared_layers",
          fmt::format("is {}, which leaves layer {} no earlier one of its type", shared, i));
    }
    attention_of(decoder.layers[size_t(from)]).lends = true;
    attention_of(decoder.layers[size_t(i)]).attends_to_layer = from;
    for (const char* name : {"k_proj", "v_proj", "k_norm"}) {
      decoder.rules.push_back(drops(fmt::format("layers.{}.self_attn.{}", i, name)));
    }
  }
}

}  // namespace quern::models
