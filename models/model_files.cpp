#include "models/model_files.h"

#include <fmt/format.h>

#include "models/error.h"
#include "models/families/family.h"
#include "models/weights/checkpoint.h"

namespace quern::models {

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
  to_decoder(files.spec.rules, files.weights);
  return files;
}

}  // namespace quern::models
