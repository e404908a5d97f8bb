#include "tests/models/adapters/adapter_folders.h"

#include <algorithm>
#include <unordered_map>

#include "engine/io/safetensors.h"

namespace quern::tests {

namespace fs = std::filesystem;

std::vector<std::string> trainings() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fixtures_folder() / "training"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

fs::path training(const std::string& name) { return fixtures_folder() / "training" / name; }

void write_fixture_adapter(const ModelFolder& folder, const std::string& name,
                           const std::string& tensors) {
  fs::copy_file(training(name) / "adapter_config.json", folder.path() / "adapter_config.json");
  fs::copy_file(training(name) / (tensors + ".safetensors"),
                folder.path() / "adapters.safetensors");
}

nn::Parameters read_parameters(const fs::path& file) {
  const auto tensors = load_safetensors(file.string()).first;
  return {tensors.begin(), tensors.end()};
}

void write_parameters(const fs::path& file, const nn::Parameters& parameters) {
  save_safetensors(file.string(), {parameters.begin(), parameters.end()});
}

}  // namespace quern::tests
