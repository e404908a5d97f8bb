#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "models/config/model_config.h"
#include "models/decoder/decoder_spec.h"
#include "models/tokenizer/gguf_vocabulary.h"
#include "models/weights/weights.h"

namespace quern::models {

/// A model's files, opened: what it is and its tensors, none of them read yet.
struct ModelFiles {
  std::filesystem::path path;  ///< the folder or file
  std::string family;          ///< for people
  ModelConfig config;          ///< its quantization under the names of `weights`
  DecoderSpec spec;
  Weights weights;  ///< in the names and forms that the spec describes

  /// Of GGUF: what the file says of its tokenizer.
  std::optional<GgufVocabulary> vocabulary;

  /// Of a folder in the published Hugging Face or MLX layout, or of a GGUF file (any one of a split
  /// model's, or a folder with nothing else). Quantizations of other programs become ours, when a
  /// weight is first used. Throws ModelError: no such files, an unknown family, damaged files.
  static ModelFiles open(const std::filesystem::path& path);

  /// Of a folder with a config.json, whose weights are yet to be made: `weights` is empty.
  static ModelFiles open_without_weights(const std::filesystem::path& folder);

 private:
  static ModelFiles open_gguf(const std::filesystem::path& file);
  /// From config and weights as published to all that is above.
  void describe();
};

}  // namespace quern::models
