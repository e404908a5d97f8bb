#pragma once

#include <string>
#include <string_view>

#include "models/generate/structured/character_set.h"

namespace quern::models::structured {

/// The characters that a JSON string cannot hold as they are: quotes, backslashes, U+0000 to
/// U+001F.
const CharacterSet& escaped_characters();

/// The escape of one of them: the short one where there is one, else \u00HH.
std::string json_escape(char32_t character);

/// A valid UTF-8 text as a JSON string without its quotes.
std::string json_escape(std::string_view text);

}  // namespace quern::models::structured
