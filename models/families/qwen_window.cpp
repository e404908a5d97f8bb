#include "models/families/qwen_window.h"

#include "models/families/common.h"

namespace quern::models {

std::optional<int> qwen_window_of_layer(const ModelConfig& config, int layer) {
  const ConfigReader reader = config.reader();
  if (!reader.boolean("use_sliding_window", false)) return std::nullopt;
  const int first = reader.integer("max_window_layers", {0, 1 << 14}, config.num_hidden_layers);
  return window_of_layer(config, layer, layer >= first);
}

}  // namespace quern::models
