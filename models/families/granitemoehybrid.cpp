#include "models/decoder/causal_conv.h"
#include "models/families/common.h"
#include "models/families/family.h"
#include "models/families/hybrid.h"

namespace quern::models {

/// IBM Granite 4: Granite with Mamba 2 in most layers, and experts or plain MLPs.
DecoderSpec describe_granitemoehybrid(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const bool experts = reader.integer("num_experts", {0, 1 << 14}, 0) > 0;
  const bool sees_positions = reader.text("position_embedding_type", "nope") == "rope";
  // Without a list there is no attention.
  const std::vector<bool> attends = attention_layers(config, 1, 1);
  DecoderSpec decoder = experts ? describe_granitemoe(config) : describe_granite(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    LayerSpec& layer = decoder.layers[i];
    if (!attends[i]) {
      Mamba2Spec mamba = hybrid_mamba2(config);
      mamba.norm = {.eps = config.rms_norm_eps, .groups = mamba.num_groups};
      layer.mixer = mamba;
      layer.mixer_name = "mamba";
    } else if (!sees_positions) {
      attention_of(layer).rope.reset();
    }
  }
  decoder.rules.push_back(turns_conv("conv1d"));
  if (experts) return decoder;
  const int size =
      reader.integer("shared_intermediate_size", {1, 1 << 24}, config.intermediate_size);
  for (LayerSpec& layer : decoder.layers) mlp_of(layer).intermediate_size = size;
  decoder.rules.push_back(splits("shared_mlp.input_linear", {"mlp.gate_proj", "mlp.up_proj"}, 0));
  decoder.rules.push_back(renames("shared_mlp.output_linear", "mlp.down_proj"));
  return decoder;
}

}  // namespace quern::models
