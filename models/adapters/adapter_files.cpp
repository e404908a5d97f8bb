#include "models/adapters/adapter_files.h"

#include <fmt/format.h>

#include "engine/io/atomic_file.h"
#include "engine/io/safetensors.h"
#include "models/error.h"

namespace quern::models {

namespace fs = std::filesystem;

std::vector<std::string> adapter_files() { return {mlx_adapter_file, peft_adapter_file}; }

Weights read_tensors(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) {
    throw ModelError(fmt::format("[adapter] {}: there is no such file", file.string()),
                     "Choose a folder that holds a whole adapter.");
  }
  try {
    const SafetensorsFile opened(file);
    Weights tensors;
    for (const auto& [name, tensor] : opened.tensors()) tensors.emplace(name, opened.load(name));
    if (!tensors.empty()) return tensors;
  } catch (const std::exception& e) {
    throw ModelError(e.what(), "The adapter is damaged or incomplete: copy or train it again.");
  }
  throw ModelError(fmt::format("[adapter] {}: holds no tensors", file.string()),
                   "The adapter is damaged or incomplete: copy or train it again.");
}

void write_adapter(const fs::path& folder, const nlohmann::json& config,
                   const std::string& tensors_name,
                   std::unordered_map<std::string, array> tensors) {
  try {
    fs::create_directories(folder);
    // The tensors first: a config without them says what is missing, not the other way round.
    save_safetensors((folder / tensors_name).string(), std::move(tensors), {{"format", "pt"}});
    const std::string text = config.dump(4, ' ', false, nlohmann::json::error_handler_t::replace);
    AtomicFile out(folder / "adapter_config.json");
    out.write(text.data(), text.size());
    out.write("\n", 1);
    out.commit();
  } catch (const std::exception& e) {
    throw ModelError(fmt::format("[adapter] {}: {}", folder.string(), e.what()),
                     "Choose a folder that you may write to, with enough room.");
  }
}

}  // namespace quern::models
