#pragma once

#include <filesystem>
#include <string>

#include "models/tokenizer/train/bpe_trainer.h"

namespace quern::models {

/// The text of a tokenizer.json as the `tokenizers` library writes it: nothing is normalised, the
/// scheme's patterns divide the text, and no token is set around it (chat templates write their
/// own).
std::string tokenizer_json(const TrainedBpe& trained, const BpeTrainingOptions& options);

/// The text of the tokenizer_config.json beside it, for transformers' PreTrainedTokenizerFast.
std::string tokenizer_config_json(const TrainedBpe& trained, const BpeTrainingOptions& options);

enum class ExistingTokenizer { refused, replaced };

/// Throws ModelError, naming the file, when the folder holds a part of a tokenizer that is refused,
/// and when `folder` is a file.
void check_tokenizer_folder(const std::filesystem::path& folder, ExistingTokenizer existing);

/// Writes both files into the folder, and nothing else. A folder that did not exist appears whole
/// or not at all; in one that did each file does so, and other files stay, but for those that would
/// contradict: special_tokens_map.json, chat_template.jinja and chat_template.json.
///
/// Throws what check_tokenizer_folder throws; ModelError or std::runtime_error, naming the file,
/// when it cannot be written.
void write_tokenizer(const std::filesystem::path& folder, const TrainedBpe& trained,
                     const BpeTrainingOptions& options,
                     ExistingTokenizer existing = ExistingTokenizer::refused);

}  // namespace quern::models
