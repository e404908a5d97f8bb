#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/config/quantization_config.h"

namespace quern::models {

/// What can be told of a model before running it.
struct ModelInfo {
  std::string family;
  std::string model_type;
  std::string dtype;  ///< that it computes in
  std::optional<Quantization> quantization;
  int64_t parameters = 0;      ///< a quantized weight counts as the floats it stands for
  double bits_per_weight = 0;  ///< of the file, scales and biases included
  size_t weight_bytes = 0;
  int max_position_embeddings = 0;
  size_t activation_bytes = 0;  ///< about what reading a prompt needs besides weights and cache

  /// Each layer's key-value cache.
  struct LayerCacheSize {
    size_t bytes_per_token;
    std::optional<int> window;  ///< tokens kept at most
    size_t state_bytes = 0;     ///< besides, whatever the number of tokens
  };
  std::vector<LayerCacheSize> layers;

  /// Key-value bytes that a further token takes, as long as no window is full.
  size_t cache_bytes_per_token() const;
  size_t cache_bytes(int context_length) const;
  /// Weights, cache and activations: what must fit to run at this context length.
  size_t memory_to_run(int context_length) const;
};

/// Reads headers and config.json only. Throws ModelError as opening the model would, but does not
/// check that the tensors fit the config.
ModelInfo read_model_info(const std::filesystem::path& folder);

}  // namespace quern::models
