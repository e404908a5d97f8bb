#include "models/config/model_config.h"

#include <fmt/format.h>

#include "models/config/normalise_config.h"
#include "models/families/family.h"

namespace quern::models {

namespace {

// Generous bounds: they exist so that later products of two of them cannot overflow.
constexpr Range<int> sizes = {1, 1 << 24};
constexpr Range<int> counts = {1, 1 << 14};
constexpr Range<int> token_ids = {0, (1 << 30)};

int read_head_dim(const ConfigReader& reader, const ModelConfig& config) {
  if (const auto given = reader.optional_integer("head_dim", counts)) return *given;
  const int heads = config.num_attention_heads;
  return heads > 0 && config.hidden_size % heads == 0 ? config.hidden_size / heads : 0;
}

void check_lists(const ConfigReader& reader, const ModelConfig& config) {
  if (config.num_key_value_heads > 0 &&
      config.num_attention_heads % config.num_key_value_heads != 0) {
    reader.fail("num_attention_heads",
                fmt::format("is {}, which num_key_value_heads {} does not divide",
                            config.num_attention_heads, config.num_key_value_heads));
  }
  if (!config.layer_types.empty() && int(config.layer_types.size()) != config.num_hidden_layers) {
    reader.fail("layer_types", fmt::format("has {} entries for num_hidden_layers {}",
                                           config.layer_types.size(), config.num_hidden_layers));
  }
}

}  // namespace

ModelConfig ModelConfig::load(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  return from_json(read_json_object(file, "config"), file.string());
}

ModelConfig ModelConfig::from_json(nlohmann::json json, std::string file) {
  ModelConfig config;
  config.file = std::move(file);
  config.json = std::make_shared<const nlohmann::json>(normalise_config(std::move(json)));
  const ConfigReader reader = config.reader();

  config.model_type = reader.text("model_type");
  find_family(config);
  config.hidden_size = reader.integer("hidden_size", sizes);
  if (!reader.is_list("intermediate_size"))
    config.intermediate_size = reader.integer("intermediate_size", sizes, 0);
  config.num_hidden_layers = reader.integer("num_hidden_layers", counts);
  config.num_attention_heads = reader.integer("num_attention_heads", counts, 0);
  config.num_key_value_heads =
      reader.integer("num_key_value_heads", counts, config.num_attention_heads);
  config.head_dim = read_head_dim(reader, config);
  config.vocab_size = reader.integer("vocab_size", sizes);
  config.max_position_embeddings = reader.integer("max_position_embeddings", {1, 1 << 30}, 2048);
  config.rms_norm_eps = reader.number("rms_norm_eps", {0.0f, 1.0f}, config.rms_norm_eps);
  config.tie_word_embeddings = reader.optional_boolean("tie_word_embeddings");
  config.attention_bias = reader.boolean("attention_bias", false);
  config.mlp_bias = reader.boolean("mlp_bias", false);
  config.sliding_window = reader.optional_integer("sliding_window", {1, 1 << 30});
  config.layer_types = reader.texts("layer_types");
  config.rope = read_rope(reader, config.max_position_embeddings);
  config.rope_local = read_local_rope(reader, config.max_position_embeddings);
  config.eos_token_ids = reader.one_or_more_integers("eos_token_id", token_ids);
  config.quantization = read_quantization(reader);
  check_lists(reader, config);
  return config;
}

}  // namespace quern::models
