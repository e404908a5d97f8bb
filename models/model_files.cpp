#include "models/model_files.h"

#include <fmt/format.h>

#include "models/error.h"
#include "models/families/family.h"
#include "models/weights/checkpoint.h"
#include "models/weights/foreign/foreign.h"
#include "models/weights/module_names.h"

namespace quern::models {

ModelFiles ModelFiles::open(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) {
    throw ModelError(fmt::format("[model] {}: is not a folder", path.string()),
                     "Choose the folder that holds the model's files.");
  }
  ModelFiles files;
  files.path = path;
  files.config = ModelConfig::load(path);
  files.weights = Checkpoint::open(path).weights();
  files.describe();
  return files;
}

void ModelFiles::describe() {
  const Family& known = find_family(config);
  family = known.name;
  spec = known.describe(config);
  ModuleNames names;
  names.note(weights);
  to_decoder(text_part_rules(), weights);
  if (!config.quantization.global) {
    read_foreign_quantization(config.reader(), config.quantization, weights);
    names.note(weights);
  }
  to_decoder(spec.rules, weights);
  config.quantization = names.resolve(config.quantization, weights);
}

}  // namespace quern::models
