#pragma once

#include <filesystem>
#include <string>

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"
#include "models/weights/weights.h"

namespace quern::models {

/// A model's files, opened: what it is and its tensors, none of them read yet.
struct ModelFiles {
  std::filesystem::path path;
  std::string family;  ///< for people
  ModelConfig config;  ///< its quantization under the names of `weights`
  DecoderSpec spec;
  Weights weights;  ///< in the names and forms that the spec describes

  /// Of a folder in the published Hugging Face or MLX layout. Throws ModelError: not a folder, no
  /// config.json or weights, an unknown family, damaged files.
  static ModelFiles open(const std::filesystem::path& path);

 private:
  /// From config and weights as published to all that is above.
  void describe();
};

}  // namespace quern::models
