#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

/// A family of models that can run.
struct SupportedFamily {
  std::string_view name;
  std::vector<std::string_view> model_types;  ///< as config.json spells them
  std::vector<std::string_view> gguf;         ///< as GGUF's general.architecture does; may be empty
};

/// By name.
std::vector<SupportedFamily> supported_families();

/// A kind of file or quantization, and the names that can be read or written of it.
struct SupportedFormat {
  std::string_view what;
  std::vector<std::string> names;
};

std::vector<SupportedFormat> supported_formats();

/// Both as Markdown.
std::string supported_models_markdown();

}  // namespace quern::models
