#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/adapters/adapter_in_use.h"
#include "models/config/model_config.h"
#include "models/decoder/decoder.h"
#include "models/error.h"
#include "models/prompt/chat_template.h"
#include "models/tokenizer/tokenizer.h"

namespace quern::models {

struct LoadOptions {
  bool exact = false;  ///< compute in float32, without trades of accuracy for speed
  /// None of them merged: what they change adds up. Adapter::load reads them.
  std::vector<AdapterInUse> adapters = {};
};

/// Everything that a model folder holds, ready to run. Immutable: several generators may share one.
class LanguageModel {
 public:
  /// Reads config.json, the weights, tokenizer.json and the chat template of a folder in the
  /// published Hugging Face or MLX layout, or a GGUF file, which holds all of these. A folder
  /// without a tokenizer loads; asking for it then throws. Weights are memory-mapped.
  ///
  /// Throws ModelError: not a folder, no config.json or weights, unknown family, missing, extra or
  /// misshapen tensors, a tokenizer with more pieces than the embedding has rows, and what
  /// Adapter::load throws.
  static std::shared_ptr<const LanguageModel> load(const std::filesystem::path& folder,
                                                   const LoadOptions& options = {});

  /// The same with another network, which takes and gives the same tokens.
  std::shared_ptr<const LanguageModel> with_decoder(std::shared_ptr<const Decoder> decoder) const;

  const std::filesystem::path& folder() const { return folder_; }  ///< or the GGUF file
  const ModelConfig& config() const { return config_; }
  const Decoder& decoder() const { return *decoder_; }
  const std::vector<AdapterInUse>& adapters() const { return adapters_; }

  /// How often adapters' strengths were changed: what the model remembers of a text is of use only
  /// as long as this stays the same.
  uint64_t strength_changes() const;
  /// fingerprint() of the model's files, its adapters' and their strengths.
  std::string fingerprint() const;

  bool has_tokenizer() const { return tokenizer_.has_value(); }
  const Tokenizer& tokenizer() const;  ///< throws ModelError when the folder has none

  bool has_chat_template() const { return chat_template_.has_value(); }
  const ChatTemplate& chat_template() const;  ///< throws ModelError when the folder has none

  /// Tokens that end an answer: generation_config.json's, else config.json's, and the tokenizer's.
  const std::vector<int32_t>& eos_token_ids() const { return eos_token_ids_; }

 private:
  LanguageModel() = default;

  std::filesystem::path folder_;
  ModelConfig config_;
  std::shared_ptr<const Decoder> decoder_;
  std::vector<AdapterInUse> adapters_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> chat_template_;
  std::optional<ModelError> chat_template_error_;  ///< why there is none
  std::vector<int32_t> eos_token_ids_;
};

}  // namespace quern::models
