#include "models/adapters/adapter_layers.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "engine/graph/eval.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/random.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/adapters/module_choice.h"
#include "models/adapters/module_parameters.h"
#include "models/decoder/load_decoder.h"
#include "models/error.h"

namespace quern::models {

namespace {

void check(const AdapterConfig& config) {
  if (config.kind == AdapterConfig::Kind::full) {
    throw ModelError("[adapter] a full fine-tune has no matrices of low rank",
                     "Choose lora or dora.");
  }
  if (config.rank < 1) {
    throw ModelError(fmt::format("[adapter] the rank is {}", config.rank),
                     "Choose a rank of at least 1; 8 is usual.");
  }
  if (!(config.dropout >= 0 && config.dropout < 1)) {
    throw ModelError(fmt::format("[adapter] the dropout is {}", config.dropout),
                     "Choose a dropout of at least 0 and less than 1.");
  }
}

/// squared_row_norms of these modules' weights by path, evaluated.
nn::Parameters squared_norms_of(const ModelFiles& files,
                                const std::vector<AdaptableModule>& modules) {
  std::set<std::string> paths;
  for (const AdaptableModule& module : modules) paths.insert(module.path);
  nn::Parameters norms;
  visit_adaptable_weights(files, [&](const AdaptableModule& module, const StoredWeight& weight) {
    if (!paths.contains(module.path)) return;
    // One after the other, for each takes its weight as floats.
    array squares = squared_row_norms(weight);
    squares.eval();
    norms.emplace(module.path, squares);
  });
  return norms;
}

}  // namespace

void visit_adaptable_weights(
    const ModelFiles& files,
    const std::function<void(const AdaptableModule&, const StoredWeight&)>& visit) {
  load_decoder(files.weights, files.spec, files.config.quantization, false, files.path.string(),
               [&](const AdaptableModule& module, const StoredWeight& weight) {
                 visit(module, weight);
                 return LowRankUpdates();
               });
}

std::vector<AdaptableModule> adaptable_modules(const ModelFiles& files) {
  std::vector<AdaptableModule> modules;
  visit_adaptable_weights(files, [&](const AdaptableModule& module, const StoredWeight&) {
    modules.push_back(module);
  });
  return modules;
}

AdapterLayers::AdapterLayers(const ModelFiles& files, const AdapterConfig& config)
    : config_(config), plain_config_(config) {
  check(config);
  const std::vector<AdaptableModule> known = adaptable_modules(files);
  modules_ = chosen_modules(known, files.spec, config);
  describe_choice(modules_, known, files.spec, plain_config_);
  if (config.kind == AdapterConfig::Kind::dora) squared_norms_ = squared_norms_of(files, modules_);
}

nn::Parameters AdapterLayers::initial(const array& key) const {
  const array keys = random::split(key, int(modules_.size()));
  nn::Parameters parameters;
  for (size_t i = 0; i < modules_.size(); ++i) {
    const AdaptableModule& module = modules_[i];
    const bool dora = config_.kind == AdapterConfig::Kind::dora;
    const auto shapes = parameter_shapes(module, config_.rank, dora);
    const bool is_table = module.kind == AdaptableModule::Kind::embedding;
    const float bound = 1 / std::sqrt(float(is_table ? module.shape[0] : module.shape.back()));
    parameters.emplace(
        module.path + ".lora_a",
        random::uniform(-bound, bound, shapes.at("lora_a"), float32, take(keys, array(int(i)), 0)));
    parameters.emplace(module.path + ".lora_b", zeros(shapes.at("lora_b"), float32));
    if (dora) parameters.emplace(module.path + ".m", sqrt(squared_norms_.at(module.path)));
  }
  return parameters;
}

UpdateSource AdapterLayers::updates(const nn::Parameters& parameters, bool training,
                                    std::shared_ptr<const AdapterStrength> strength) const {
  const bool dora = config_.kind == AdapterConfig::Kind::dora;
  std::map<std::string, LowRankUpdate> by_path;
  for (const AdaptableModule& module : modules_) {
    LowRankUpdate update = update_of(module, parameters, config_.rank, dora, config_.multiplier());
    if (dora) update.squared_norms = squared_norms_.at(module.path);
    if (training) update.dropout = config_.dropout;
    update.strength = strength;
    by_path.emplace(module.path, std::move(update));
  }
  return [by_path = std::move(by_path)](const AdaptableModule& module, const StoredWeight&) {
    const auto found = by_path.find(module.path);
    return found == by_path.end() ? LowRankUpdates() : LowRankUpdates{found->second};
  };
}

}  // namespace quern::models
