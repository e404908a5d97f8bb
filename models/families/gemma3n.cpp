#include <fmt/format.h>

#include <cmath>

#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/gemma_layers.h"

namespace quern::models {

namespace {

constexpr Range<int> sizes = {1, 1 << 24};

/// One for all layers, or a list of one for each.
std::vector<int> widths_of_layers(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  std::vector<int> widths = reader.one_or_more_integers("intermediate_size", sizes);
  if (widths.size() == 1) widths.resize(size_t(config.num_hidden_layers), widths[0]);
  if (int(widths.size()) != config.num_hidden_layers) {
    reader.fail("intermediate_size", fmt::format("has {} entries for num_hidden_layers {}",
                                                 widths.size(), config.num_hidden_layers));
  }
  return widths;
}

/// What part of the gates is shut in each layer: without a list, 0.95 in the first ten.
std::vector<float> sparsities_of_layers(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const auto layers = size_t(config.num_hidden_layers);
  if (!reader.has("activation_sparsity_pattern")) {
    std::vector<float> sparsities(layers, 0.0f);
    if (layers > 10) std::fill_n(sparsities.begin(), 10, 0.95f);
    return sparsities;
  }
  const std::vector<float> sparsities =
      reader.numbers("activation_sparsity_pattern", {0.0f, 0.999999f});
  if (sparsities.size() != layers) {
    reader.fail("activation_sparsity_pattern",
                fmt::format("has {} entries for num_hidden_layers {}", sparsities.size(), layers));
  }
  return sparsities;
}

AltUpSpec read_altup(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  AltUpSpec altup;
  altup.streams = reader.integer("altup_num_inputs", {2, 64}, 4);
  altup.active = reader.integer("altup_active_idx", {0, altup.streams - 1}, 0);
  altup.coefficient_limit = reader.optional_number("altup_coef_clip", {1e-3f, 1e6f});
  altup.scales_output = reader.boolean("altup_correct_scale", true);
  altup.norm.eps = config.rms_norm_eps;
  return altup;
}

}  // namespace

/// Gemma 3n: alternating updates of several streams, a low-rank way around attention, an embedding
/// for each layer, sparse gates, late layers that attend to the keys of earlier ones.
DecoderSpec describe_gemma3n(const ModelConfig& given) {
  const std::vector<int> widths = widths_of_layers(given);
  ModelConfig config = given;
  config.intermediate_size = widths[0];
  const ConfigReader reader = config.reader();
  const std::vector<bool> slides = gemma_sliding_layers(config, 5);
  const std::vector<float> sparsities = sparsities_of_layers(config);
  const int laurel_rank = reader.integer("laurel_rank", sizes, 64);

  DecoderSpec decoder = common_decoder(config);
  decoder.layer_inputs = gemma_layer_inputs(config);
  decoder.altup = read_altup(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    norm_around(layer);
    layer.own_input = decoder.layer_inputs;
    layer.altup = decoder.altup;
    layer.laurel_rank = laurel_rank;
    MlpSpec& mlp = mlp_of(layer);
    mlp.intermediate_size = widths[i];
    mlp.activation = read_activation(config, "hidden_activation", "gelu_pytorch_tanh");
    if (sparsities[i] > 0) mlp.sparsity = sparsities[i];
    AttentionSpec& attention = attention_of(layer);
    attention.scale = 1.0f;
    attention.query_key_norm = AttentionSpec::QueryKeyNorm::per_head;
    attention.norms_values = true;
    if (!slides[i]) continue;
    attention.window = config.sliding_window;
    if (config.rope_local) attention.rope = common_rope(config, *config.rope_local);
  }
  share_keys(config, slides, decoder);
  decoder.embedding_scale = std::sqrt(float(config.hidden_size));
  decoder.logit_softcap = reader.optional_number("final_logit_softcapping", {1e-3f, 1e6f});
  return decoder;
}

}  // namespace quern::models
