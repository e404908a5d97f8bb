#pragma once

#include <map>
#include <string>

#include "engine/io/gguf.h"
#include "models/config/model_config.h"
#include "models/tokenizer/gguf_vocabulary.h"
#include "models/weights/gguf/gguf_architecture.h"
#include "models/weights/weights.h"

namespace quern::models {

using GgufValues = std::map<std::string, GGUFMetaData>;

/// What a file says of the model: the way back of config_of_gguf. The numbers that GGUF keeps in
/// tensors (rotary factors) are added to `tensors` under their own names. Throws ModelError for a
/// rotary embedding that GGUF has no words for.
GgufValues gguf_values_of(const GgufArchitecture& architecture, const ModelConfig& config,
                          Weights& tensors);

/// The way back of vocabulary_of_gguf.
void add_gguf_vocabulary(const GgufVocabulary& vocabulary, GgufValues& values);

}  // namespace quern::models
