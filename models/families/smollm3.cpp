#include <fmt/format.h>

#include "models/families/common.h"
#include "models/families/family.h"

namespace quern::models {

/// SmolLM3: Llama of which every fourth layer does not see positions.
DecoderSpec describe_smollm3(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const int interval = reader.integer("no_rope_layer_interval", {1, 1 << 14}, 4);
  const std::vector<int32_t> turns = reader.one_or_more_integers("no_rope_layers", {0, 1});
  if (!turns.empty() && int(turns.size()) != config.num_hidden_layers) {
    reader.fail("no_rope_layers", fmt::format("has {} entries for num_hidden_layers {}",
                                              turns.size(), config.num_hidden_layers));
  }
  DecoderSpec decoder = common_decoder(config);
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    AttentionSpec& attention = attention_of(decoder.layers[i]);
    const bool sees_positions = turns.empty() ? (int(i) + 1) % interval != 0 : turns[i] != 0;
    if (!sees_positions) attention.rope.reset();
    attention.window = window_of_layer(config, int(i), false);
  }
  return decoder;
}

}  // namespace quern::models
