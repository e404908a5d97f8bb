#include "models/families/qwen_experts.h"

#include <algorithm>

namespace quern::models {

std::vector<int> qwen_expert_layers(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const int step = reader.integer("decoder_sparse_step", {1, 1 << 14}, 1);
  const std::vector<int32_t> plain = reader.one_or_more_integers("mlp_only_layers", {0, 1 << 14});
  std::vector<int> layers;
  for (int i = step - 1; i < config.num_hidden_layers; i += step) {
    if (std::find(plain.begin(), plain.end(), i) == plain.end()) layers.push_back(i);
  }
  return layers;
}

}  // namespace quern::models
