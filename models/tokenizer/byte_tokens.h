#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "models/tokenizer/vocabulary.h"

namespace quern::models {

/// The tokens <0x00> to <0xFF>, which stand for the bytes of characters that a vocabulary lacks.

/// The byte that a token stands for, -1 when it is no such token.
int byte_of_token(std::string_view token);

/// The ids of the 256 tokens, -1 where the vocabulary lacks one.
std::vector<int32_t> byte_token_ids(const Vocabulary& vocabulary);

/// Appends the ids of the text's bytes; false, and nothing appended, when one is absent.
bool append_byte_tokens(const std::vector<int32_t>& byte_ids, std::string_view text,
                        std::vector<int32_t>& ids);

}  // namespace quern::models
