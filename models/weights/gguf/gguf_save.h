#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "models/config/model_config.h"
#include "models/tokenizer/gguf_vocabulary.h"
#include "models/weights/conversion_watch.h"
#include "models/weights/weights.h"

namespace quern::models {

/// What a model can be written as: F32, F16, BF16, Q8_0, Q4_0, ..., Q4_K_M.
std::vector<std::string> gguf_file_types();

/// Throws ModelError for a name that is none of these (with those that are).
void check_gguf_type(const std::string& type);

/// Writes a model of floats, under Hugging Face's names with experts stacked. Norms, routers and
/// what has one axis are float32; rows that a block type does not divide take another one of about
/// its size. Without a vocabulary the file says that it has none.
///
/// Returns the bytes of all tensors. Throws ModelError: a family, a tensor or a rotary embedding
/// that GGUF has no words for; std::runtime_error when the file cannot be written;
/// ConversionStopped.
size_t save_gguf_model(const std::filesystem::path& file, Weights weights,
                       const ModelConfig& config, const std::optional<GgufVocabulary>& vocabulary,
                       const std::string& type, const std::string& name,
                       const ConversionWatch& watch);

}  // namespace quern::models
