#pragma once

#include <filesystem>
#include <string>

namespace quern::models {

/// Tells whether two models are the same without reading all of them: 16 hexadecimal digits of
/// their configuration and of samples from every weight file. path: a model's folder or file.
/// Throws ModelError when one cannot be read.
std::string fingerprint(const std::filesystem::path& path);

}  // namespace quern::models
