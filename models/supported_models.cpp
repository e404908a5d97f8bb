#include "models/supported_models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "models/adapters/adapter_files.h"
#include "models/config/quantization_config.h"
#include "models/families/family.h"
#include "models/quantize/module_plan.h"
#include "models/tokenizer/tokenizer.h"
#include "models/weights/gguf/gguf_architecture.h"
#include "models/weights/gguf/gguf_save.h"

namespace quern::models {

namespace {

std::string in_code(const std::vector<std::string_view>& names) {
  return names.empty() ? "" : fmt::format("`{}`", fmt::join(names, "`, `"));
}

}  // namespace

std::vector<SupportedFamily> supported_families() {
  std::map<std::string_view, SupportedFamily> by_name;
  for (const Family& family : families()) {
    SupportedFamily& supported = by_name[family.name];
    supported.name = family.name;
    supported.model_types.push_back(family.model_type);
    for (const GgufArchitecture& architecture : gguf_architectures()) {
      if (architecture.model_type == family.model_type) supported.gguf.push_back(architecture.name);
    }
  }
  std::vector<SupportedFamily> out;
  for (auto& [name, family] : by_name) out.push_back(std::move(family));
  return out;
}

std::vector<SupportedFormat> supported_formats() {
  return {{"quantized by MLX, or here", quantization_modes()},
          {"quantized by other programs", foreign_quantizations()},
          {"mixed recipes", recipe_names()},
          {"GGUF, written", gguf_file_types()},
          {"tokenizer files", Tokenizer::file_formats()},
          {"adapters", adapter_files()}};
}

std::string supported_models_markdown() {
  std::string out = "| family | `model_type` | in GGUF |\n|---|---|---|\n";
  for (const SupportedFamily& family : supported_families()) {
    out += fmt::format("| {} | {} | {} |\n", family.name, in_code(family.model_types),
                       in_code(family.gguf));
  }
  out += "\n| form | names |\n|---|---|\n";
  for (const SupportedFormat& format : supported_formats()) {
    out += fmt::format("| {} | `{}` |\n", format.what, fmt::join(format.names, "`, `"));
  }
  return out;
}

}  // namespace quern::models
