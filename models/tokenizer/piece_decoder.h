#pragma once

#include <nlohmann/json_fwd.hpp>

namespace quern::models {

/// tokenizer.json's "decoder" for a SentencePiece vocabulary: U+2581 are spaces, <0x00> to <0xFF>
/// bytes, and the space that was set before the text is taken away.
nlohmann::json piece_decoder(bool removes_prefix);

}  // namespace quern::models
