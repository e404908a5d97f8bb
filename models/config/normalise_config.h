#pragma once

#include <nlohmann/json_fwd.hpp>

namespace quern::models {

/// config.json under one set of names: the text part of a multimodal model's, with what only the
/// whole says (quantization, end tokens, tied embeddings), and Llama's key for what older families
/// call otherwise. A key that is there under its own name stays as it is.
nlohmann::json normalise_config(nlohmann::json config);

}  // namespace quern::models
