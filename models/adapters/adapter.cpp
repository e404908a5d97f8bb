#include "models/adapters/adapter.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/graph/eval.h"
#include "models/adapters/adapter_files.h"
#include "models/adapters/module_parameters.h"
#include "models/config/config_reader.h"
#include "models/error.h"

namespace quern::models {

namespace fs = std::filesystem;

namespace {

bool is_dora(const AdapterConfig& config) { return config.kind == AdapterConfig::Kind::dora; }

constexpr const char* parts_of_quantized[] = {".scales", ".biases", ".global_scale"};

}  // namespace

Adapter::Adapter(AdapterConfig config, std::vector<AdaptedModule> modules)
    : config_(std::move(config)), modules_(std::move(modules)) {}

Adapter::Adapter(AdapterConfig config, Weights weights)
    : config_(std::move(config)), weights_(std::move(weights)) {}

Adapter::Adapter(const AdapterLayers& layers, const nn::Parameters& parameters)
    : config_(layers.plain_config()) {
  const float multiplier = config_.multiplier();
  for (const AdaptableModule& module : layers.modules()) {
    LowRankUpdate update =
        update_of(module, parameters, config_.rank, is_dora(config_), multiplier);
    modules_.push_back({module, update.down, update.up, multiplier, update.magnitude});
  }
}

Adapter Adapter::load(const fs::path& path, const ModelFiles& files) {
  std::error_code ignored;
  const bool is_file = fs::is_regular_file(path, ignored);
  if (!is_file && !fs::is_directory(path, ignored)) {
    throw ModelError(fmt::format("[adapter] {}: there is no such folder", path.string()),
                     "Choose the folder that holds adapter_config.json.");
  }
  const fs::path folder = is_file ? fs::absolute(path).parent_path() : path;
  const fs::path config = folder / "adapter_config.json";
  const bool peft = read_json_object(config, "adapter").contains("peft_type");
  const fs::path tensors = is_file ? path : folder / (peft ? peft_adapter_file : mlx_adapter_file);
  return peft ? load_peft(config, tensors, files) : load_mlx(config, tensors, files);
}

UpdateSource Adapter::updates(const ModelFiles& files,
                              std::shared_ptr<const AdapterStrength> strength) const {
  if (modules_.empty()) return {};
  std::map<std::string, LowRankUpdate> by_path;
  bool has_magnitudes = false;
  for (const AdaptedModule& adapted : modules_) {
    by_path.emplace(adapted.module.path, LowRankUpdate{.down = adapted.down,
                                                       .up = adapted.up,
                                                       .scale = adapted.multiplier,
                                                       .magnitude = adapted.magnitude,
                                                       .strength = strength});
    has_magnitudes = has_magnitudes || adapted.magnitude;
  }
  const auto note_rows = [&](const AdaptableModule& module, const StoredWeight& weight) {
    const auto found = by_path.find(module.path);
    if (found == by_path.end() || !found->second.magnitude) return;
    LowRankUpdate& update = found->second;
    update.squared_norms = squared_row_norms(weight);
    update.row_terms = row_terms(update, weight);
    // One after the other, for each takes its weight as floats.
    eval(*update.squared_norms, update.row_terms->products, update.row_terms->squares);
  };
  if (has_magnitudes) visit_adaptable_weights(files, note_rows);
  return [by_path = std::move(by_path)](const AdaptableModule& module, const StoredWeight&) {
    const auto found = by_path.find(module.path);
    return found == by_path.end() ? LowRankUpdates() : LowRankUpdates{found->second};
  };
}

void Adapter::replace_weights(ModelFiles& files) const {
  for (const auto& [name, value] : weights_) {
    const std::string module = without_weight_ending(name);
    // What was quantized is floats now.
    if (name != module && !weights_.contains(module + ".scales")) {
      for (const char* part : parts_of_quantized) files.weights.erase(module + part);
    }
    files.weights.insert_or_assign(name, value);
  }
}

UpdateSource together(std::vector<UpdateSource> sources) {
  std::erase_if(sources, [](const UpdateSource& source) { return !source; });
  if (sources.empty()) return {};
  return [sources = std::move(sources)](const AdaptableModule& module, const StoredWeight& weight) {
    LowRankUpdates all;
    for (const UpdateSource& source : sources) {
      for (LowRankUpdate& update : source(module, weight)) all.push_back(std::move(update));
    }
    return all;
  };
}

}  // namespace quern::models
