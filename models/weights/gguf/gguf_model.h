#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "models/config/quantization_config.h"
#include "models/tokenizer/gguf_vocabulary.h"
#include "models/weights/gguf/gguf_checkpoint.h"
#include "models/weights/weights.h"

namespace quern::models {

/// The file to open of a model in GGUF: the path itself, or the only model of a folder that has no
/// config.json. Empty for what is not in GGUF. Throws ModelError when a folder holds several.
std::filesystem::path find_gguf(const std::filesystem::path& path);

/// config.json as Hugging Face writes it, of what the metadata says. Throws ModelError: an
/// architecture that is not known, a key that is missing or has another type.
nlohmann::json config_of_gguf(const GgufCheckpoint& checkpoint);

/// The tensors under Hugging Face's names and in their forms, experts stacked; in `quantization`
/// how those of blocks are quantized.
Weights weights_of_gguf(const GgufCheckpoint& checkpoint, QuantizationConfig& quantization);

GgufVocabulary vocabulary_of_gguf(const GgufMetadata& metadata);

}  // namespace quern::models
