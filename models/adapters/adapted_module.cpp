#include "models/adapters/adapted_module.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"
#include "models/adapters/adapter_layers.h"
#include "models/adapters/module_choice.h"
#include "models/error.h"
#include "models/families/family.h"

namespace quern::models {

namespace {

constexpr std::string_view weight_ending = ".weight";
constexpr const char* other_model = "Choose the model that the adapter was made for.";

using ModulesByPath = std::map<std::string, AdaptableModule>;

std::string weight_of(const std::string& path) { return path + std::string(weight_ending); }

/// What the rules make of such weights; nothing where they cannot do with so few.
Weights through_rules(Weights weights, const ModelFiles& files) {
  try {
    to_decoder(text_part_rules(), weights);
    to_decoder(files.spec.rules, weights);
  } catch (const std::exception&) {
    return {};
  }
  return weights;
}

/// The decoder's paths of what a file calls `path`.
std::vector<std::string> decoder_paths(const std::string& path, const ModelFiles& files) {
  // Rules that cut a weight into a few parts find that its length can be divided.
  const array stand_in = zeros({48, 48}, float32);
  std::vector<std::string> paths;
  for (const auto& [name, value] : through_rules({{weight_of(path), stand_in}}, files))
    paths.push_back(without_weight_ending(name));
  return paths;
}

/// None when it is no module by itself: then it may be one of several experts.
std::optional<AdaptableModule> find_module(const NamedUpdate& update, const ModulesByPath& modules,
                                           const ModelFiles& files, const std::string& source) {
  const std::string& path = update.path;
  const auto is_one_expert = [&](const AdaptableModule& module) {
    return module.kind == AdaptableModule::Kind::experts && update.down.ndim() == 2;
  };
  constexpr std::string_view outer = "language_model.";
  std::vector<std::string> spellings = {path, "model." + path};
  if (path.starts_with(outer)) spellings.push_back(path.substr(outer.size()));
  for (const std::string& spelling : spellings) {
    if (const auto found = modules.find(spelling); found != modules.end()) return found->second;
    const auto parts = decoder_paths(spelling, files);
    if (parts.empty()) continue;
    if (const auto found = modules.find(parts[0]); found != modules.end()) {
      if (is_one_expert(found->second)) return std::nullopt;
      if (parts.size() == 1) return found->second;
      throw ModelError(fmt::format("[adapter] {}: {} is several modules here: {}", source, path,
                                   fmt::join(parts, ", ")),
                       "Such an adapter cannot be used with this model's files.");
    }
  }
  return std::nullopt;
}

void require_shape(const array& tensor, const Shape& shape, const char* what,
                   const AdaptableModule& module, const std::string& source) {
  if (tensor.shape() == shape && issubdtype(tensor.dtype(), floating)) return;
  throw ModelError(fmt::format("[adapter] {}: {} of {} is {} {}, but the model needs floats {}",
                               source, what, module.path, dtype_name(tensor.dtype()),
                               to_string(tensor.shape()), to_string(shape)),
                   other_model);
}

AdaptedModule checked(AdaptableModule module, const NamedUpdate& update,
                      const std::string& source) {
  const Shape& of = module.shape;
  if (update.down.ndim() != of.size() || update.up.ndim() != of.size()) {
    throw ModelError(fmt::format("[adapter] {}: what belongs to {} has the shapes {} and {}, but "
                                 "the weight is {}",
                                 source, module.path, to_string(update.down.shape()),
                                 to_string(update.up.shape()), to_string(of)),
                     other_model);
  }
  const int rank = update.down.shape(-2);
  Shape down = of, up = of;
  down[down.size() - 2] = rank;
  up.back() = rank;
  require_shape(update.down, down, "the way down", module, source);
  require_shape(update.up, up, "the way up", module, source);
  if (update.magnitude) {
    const Shape rows(of.begin(), of.end() - 1);
    require_shape(*update.magnitude, rows, "the magnitude", module, source);
  }
  return {std::move(module), update.down, update.up, update.multiplier, update.magnitude};
}

[[noreturn]] void fail_unknown(const std::vector<std::string>& paths, const ModulesByPath& modules,
                               const ModelFiles& files, const std::string& source) {
  constexpr size_t shown = 3;
  std::vector<std::string> possible, parts;
  for (const auto& [path, module] : modules) possible.push_back(path);
  for (const std::string& path : paths) {
    if (path == files.spec.head_name && has_tied_head(files)) {
      throw ModelError(
          fmt::format("[adapter] {}: changes {}, but the model's head is the embedding "
                      "{}, which cannot be changed in one of its two places only",
                      source, path, files.spec.embedding_name),
          other_model);
    }
    if (parts.size() == shown) {
      parts.push_back(fmt::format("... ({} in all)", paths.size()));
      break;
    }
    parts.push_back(
        fmt::format("{} (nearest are {})", path, fmt::join(nearest(path, possible), ", ")));
  }
  throw ModelError(fmt::format("[adapter] {}: changes modules that the model does not have: {}",
                               source, fmt::join(parts, "; ")),
                   other_model);
}

/// Experts that a file has one by one.
std::vector<AdaptedModule> stacked(const std::vector<NamedUpdate>& updates,
                                   const ModulesByPath& modules, const ModelFiles& files,
                                   const std::string& source) {
  Weights downs, ups, magnitudes;
  for (const NamedUpdate& update : updates) {
    const std::string name = weight_of(update.path);
    downs.emplace(name, update.down);
    ups.emplace(name, multiply(update.up, array(update.multiplier, update.up.dtype())));
    if (update.magnitude) magnitudes.emplace(name, *update.magnitude);
  }
  downs = through_rules(std::move(downs), files);
  ups = through_rules(std::move(ups), files);
  magnitudes = through_rules(std::move(magnitudes), files);
  std::vector<AdaptedModule> found;
  std::vector<std::string> unknown;
  for (const auto& [name, down] : downs) {
    const auto module = modules.find(without_weight_ending(name));
    const auto up = ups.find(name);
    if (module == modules.end() || up == ups.end()) {
      unknown.push_back(without_weight_ending(name));
      continue;
    }
    NamedUpdate update{module->first, down, up->second};
    if (const auto magnitude = magnitudes.find(name); magnitude != magnitudes.end())
      update.magnitude = magnitude->second;
    found.push_back(checked(module->second, update, source));
  }
  if (downs.empty()) {
    for (const NamedUpdate& update : updates) unknown.push_back(update.path);
  }
  if (!unknown.empty()) fail_unknown(unknown, modules, files, source);
  return found;
}

[[noreturn]] void fail_unpublished(const std::string& path) {
  throw ModelError(fmt::format("[adapter] {} has no name of its own in Hugging Face's files, which "
                               "keep it as a part of something else",
                               path),
                   "Write the adapter in mlx-lm's format instead.");
}

}  // namespace

bool has_tied_head(const ModelFiles& files) {
  return files.spec.tied_head.value_or(!files.weights.contains(files.spec.head_name + ".weight"));
}

std::string without_weight_ending(const std::string& name) {
  return name.ends_with(weight_ending) ? name.substr(0, name.size() - weight_ending.size()) : name;
}

std::vector<AdaptableModule> modules_of(const std::vector<AdaptedModule>& adapted) {
  std::vector<AdaptableModule> modules;
  for (const AdaptedModule& one : adapted) modules.push_back(one.module);
  return modules;
}

std::vector<AdaptedModule> to_adapted_modules(std::vector<NamedUpdate> updates,
                                              const ModelFiles& files, const std::string& source) {
  ModulesByPath modules;
  for (AdaptableModule& module : adaptable_modules(files)) {
    const std::string path = module.path;
    modules.emplace(path, std::move(module));
  }
  std::vector<AdaptedModule> found;
  std::vector<NamedUpdate> parts;
  for (NamedUpdate& update : updates) {
    if (auto module = find_module(update, modules, files, source))
      found.push_back(checked(std::move(*module), update, source));
    else
      parts.push_back(std::move(update));
  }
  if (!parts.empty()) {
    for (AdaptedModule& module : stacked(parts, modules, files, source))
      found.push_back(std::move(module));
  }
  std::sort(found.begin(), found.end(), [](const AdaptedModule& a, const AdaptedModule& b) {
    return a.module.path < b.module.path;
  });
  const auto twice = std::adjacent_find(found.begin(), found.end(),
                                        [](const AdaptedModule& a, const AdaptedModule& b) {
                                          return a.module.path == b.module.path;
                                        });
  if (twice != found.end()) {
    throw ModelError(
        fmt::format("[adapter] {}: changes {} twice, under two names", source, twice->module.path),
        other_model);
  }
  return found;
}

std::vector<NamedUpdate> to_published_updates(const std::vector<AdaptedModule>& modules,
                                              const ModelFiles& files) {
  Weights all = files.weights;
  to_published(files.spec.rules, all);
  std::vector<NamedUpdate> updates;
  for (const AdaptedModule& adapted : modules) {
    const std::string& path = adapted.module.path;
    const bool experts = adapted.module.kind == AdaptableModule::Kind::experts;
    const auto published = [&](const array& value) {
      Weights weights{{weight_of(path), value}};
      to_published(files.spec.rules, weights);
      const size_t count = experts ? size_t(adapted.module.shape[0]) : 1;
      const bool known = std::all_of(weights.begin(), weights.end(),
                                     [&](const auto& entry) { return all.contains(entry.first); });
      if (!known || weights.size() != count) fail_unpublished(path);
      return weights;
    };
    const Weights downs = published(adapted.down), ups = published(adapted.up);
    for (const auto& [name, down] : downs) {
      NamedUpdate update{without_weight_ending(name),
                         experts ? down : adapted.down,
                         experts ? ups.at(name) : adapted.up,
                         adapted.multiplier,
                         {},
                         adapted.module.kind == AdaptableModule::Kind::embedding};
      if (adapted.magnitude)
        update.magnitude = experts ? published(*adapted.magnitude).at(name) : adapted.magnitude;
      updates.push_back(std::move(update));
    }
  }
  return updates;
}

}  // namespace quern::models
