#include "models/model_files.h"

#include <fmt/format.h>

#include "models/error.h"
#include "models/families/family.h"
#include "models/weights/checkpoint.h"
#include "models/weights/foreign/foreign.h"
#include "models/weights/gguf/gguf_model.h"
#include "models/weights/module_names.h"

namespace quern::models {

ModelFiles ModelFiles::open(const std::filesystem::path& path) {
  if (const auto file = find_gguf(path); !file.empty()) return open_gguf(file);
  if (!std::filesystem::is_directory(path)) {
    throw ModelError(fmt::format("[model] {}: is not a folder, nor a GGUF file", path.string()),
                     "Choose the folder that holds the model's files.");
  }
  ModelFiles files;
  files.path = path;
  files.config = ModelConfig::load(path);
  files.weights = Checkpoint::open(path).weights();
  files.describe();
  return files;
}

ModelFiles ModelFiles::open_without_weights(const std::filesystem::path& folder) {
  ModelFiles files;
  files.path = folder;
  files.config = ModelConfig::load(folder);
  files.config.quantization = {};
  files.describe();
  return files;
}

ModelFiles ModelFiles::open_gguf(const std::filesystem::path& file) {
  const GgufCheckpoint checkpoint = GgufCheckpoint::open(file);
  ModelFiles files;
  files.path = file;
  files.config = ModelConfig::from_json(config_of_gguf(checkpoint), file.string());
  files.vocabulary = vocabulary_of_gguf(checkpoint.metadata());
  files.weights = weights_of_gguf(checkpoint, files.config.quantization);
  files.describe();
  const auto head = files.weights.find(files.spec.embedding_name + ".scales");
  // Blocks have float16 scales whatever the model was trained in, and few fit that range.
  if (head != files.weights.end()) files.spec.dtype = bfloat16;
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
