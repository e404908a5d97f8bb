#pragma once

#include <cstddef>
#include <string_view>

namespace quern::models {

/// How many letters must be inserted, deleted or replaced to turn one text into the other
/// (Levenshtein 1966): what tells which known name a mistyped one is nearest to.
size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace quern::models
