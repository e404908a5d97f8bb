#include "models/model_files.h"

#include <fmt/format.h>

#include "models/error.h"
#include "models/families/family.h"
#include "models/weights/checkpoint.h"

namespace quern::models {

namespace {

/// Exceptions from the quantization are told by the checkpoint's names too.
void rename_modules(QuantizationConfig& quantization, const WeightRules& renames) {
  std::map<std::string, std::optional<Quantization>> overrides;
  for (const auto& [path, value] : quantization.overrides) {
    Weights one = {{path + ".weight", array(0.0f)}};
    to_decoder(renames, one);
    if (one.empty()) continue;
    const std::string& name = one.begin()->first;
    overrides.emplace(name.substr(0, name.rfind('.')), value);
  }
  quantization.overrides = std::move(overrides);
}

}  // namespace

ModelFiles ModelFiles::open(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) {
    throw ModelError(fmt::format("[model] {}: is not a folder", path.string()),
                     "Choose the folder that holds the model's files.");
  }
  ModelFiles files;
  files.path = path;
  files.config = ModelConfig::load(path);
  const Family& family = find_family(files.config);
  files.family = family.name;
  files.spec = family.describe(files.config);
  files.weights = Checkpoint::open(path).weights();
  to_decoder(text_part_rules(), files.weights);
  rename_modules(files.config.quantization, text_part_rules());
  to_decoder(files.spec.rules, files.weights);
  return files;
}

}  // namespace quern::models
