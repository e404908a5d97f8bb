#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/config/config_reader.h"
#include "models/config/quantization_config.h"
#include "models/config/rope_config.h"

namespace quern::models {

/// config.json, normalised once: what every family reads under one name, with the published
/// defaults. A family adds what only it knows from `reader()`.
struct ModelConfig {
  std::string model_type;
  int hidden_size = 0;
  int intermediate_size = 0;  ///< 0 when absent; families without an MLP have none
  int num_hidden_layers = 0;
  int num_attention_heads = 0;  ///< 0 when absent: families without attention have none
  int num_key_value_heads = 0;
  int head_dim = 0;  ///< 0 when absent and hidden_size does not give it
  int vocab_size = 0;
  int max_position_embeddings = 0;
  float rms_norm_eps = 1e-6f;
  /// Whether the embedding serves as the output head. Absent: it does when there is no other head.
  std::optional<bool> tie_word_embeddings;
  bool attention_bias = false;
  bool mlp_bias = false;
  std::optional<int> sliding_window;
  /// Empty, or one of "full_attention", "sliding_attention", ... per layer.
  std::vector<std::string> layer_types;
  RopeConfig rope;  ///< of all layers, or of those with full attention
  /// Of sliding layers, where the config tells them apart.
  std::optional<RopeConfig> rope_local;
  std::vector<int32_t> eos_token_ids;
  QuantizationConfig quantization;

  std::string file;                            ///< path of the config.json, for messages
  std::shared_ptr<const nlohmann::json> json;  ///< the whole file, as normalise_config makes it

  /// For a family's own keys. Valid as long as this config.
  ConfigReader reader() const { return ConfigReader(*json, file); }

  /// Reads FOLDER/config.json. Throws ModelError: missing file, bad JSON, a needed key missing or
  /// of the wrong type or out of range (the key and the value are named), a model_type that no
  /// family handles (with the nearest known).
  static ModelConfig load(const std::filesystem::path& folder);
  /// The same from the JSON itself; `file` is what messages call it.
  static ModelConfig from_json(nlohmann::json json, std::string file);
};

}  // namespace quern::models
