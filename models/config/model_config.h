#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace quern::models {

/// How a weight is quantized: MLX's `quantization` key.
struct Quantization {
  int group_size = 64;
  int bits = 4;
  std::string mode = "affine";

  bool operator==(const Quantization&) const = default;
};

/// Rotary position embedding, whatever way the file spells it (3.4 of the format notes).
struct RopeConfig {
  enum class Kind { default_, linear, dynamic, llama3, yarn, longrope };

  Kind kind = Kind::default_;
  float theta = 10000.0f;
  float factor = 1.0f;
  float low_freq_factor = 1.0f;
  float high_freq_factor = 4.0f;
  int original_max_position_embeddings = 0;
  float beta_fast = 32.0f;
  float beta_slow = 1.0f;
  float mscale = 1.0f;
  float mscale_all_dim = 0.0f;
  std::optional<float> attention_factor;
  std::vector<float> short_factor;
  std::vector<float> long_factor;
};

/// config.json, normalised once: what every family reads under one name, with the published
/// defaults. A family adds what only it knows from `json`.
struct ModelConfig {
  std::string model_type;
  int hidden_size = 0;
  int intermediate_size = 0;
  int num_hidden_layers = 0;
  int num_attention_heads = 0;
  int num_key_value_heads = 0;
  int head_dim = 0;
  int vocab_size = 0;
  int max_position_embeddings = 0;
  float rms_norm_eps = 1e-6f;
  bool tie_word_embeddings = false;
  bool attention_bias = false;
  bool mlp_bias = false;
  std::optional<int> sliding_window;
  std::vector<std::string>
      layer_types;  ///< empty, or one of "full_attention", "sliding_attention", ... per layer
  RopeConfig rope;
  std::vector<int32_t> eos_token_ids;

  std::optional<Quantization> quantization;
  /// Per-layer exceptions: module path to its own quantization, or none for "not quantized".
  std::map<std::string, std::optional<Quantization>> quantization_overrides;

  std::shared_ptr<const nlohmann::json> json;  ///< the whole file

  /// Reads FOLDER/config.json. Throws ModelError: missing file, bad JSON, a needed key missing or
  /// of the wrong type or out of range (the key and the value are named), a model_type that no
  /// family handles (with the nearest known).
  static ModelConfig load(const std::filesystem::path& folder);
};

}  // namespace quern::models
