#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace quern::cli {

/// The settings in a file: YAML when its name ends in .yaml or .yml, else JSON.
///
/// Of YAML what has a meaning in JSON, as mlx-lm reads it: plain scalars are null, booleans (yes,
/// no, on and off too), numbers (1e-5 too) or text; what is quoted is text. Throws ModelError, with
/// the line: not valid, more or less than one document, tags, keys that are not text or come twice,
/// numbers that are not finite, more than 100,000 values (which aliases can make of a few bytes).
nlohmann::json read_settings(const std::filesystem::path& file);

}  // namespace quern::cli
