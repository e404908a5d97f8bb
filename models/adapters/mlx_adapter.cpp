// mlx-lm's form of an adapter: adapter_config.json and adapters.safetensors.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "engine/io/safetensors.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/adapters/adapter.h"
#include "models/adapters/adapter_files.h"
#include "models/adapters/module_choice.h"
#include "models/error.h"
#include "models/families/family.h"

namespace quern::models {

namespace fs = std::filesystem;

namespace {

using Kind = AdapterConfig::Kind;

constexpr Range<int> ranks = {1, 1 << 16};
constexpr const char* other_model = "Choose the model that the adapter was made for.";

/// What a file holds for one module.
struct Parts {
  std::optional<array> a, b, m;
};

std::map<std::string, Parts> parts_by_path(const Weights& tensors, const std::string& source) {
  std::map<std::string, Parts> parts;
  for (const auto& [name, value] : tensors) {
    const size_t dot = name.rfind('.');
    const std::string part = dot == std::string::npos ? "" : name.substr(dot + 1);
    Parts& of = parts[name.substr(0, dot)];
    if (part == "lora_a") {
      of.a = value;
    } else if (part == "lora_b") {
      of.b = value;
    } else if (part == "m") {
      of.m = value;
    } else {
      throw ModelError(fmt::format("[adapter] {}: holds {} {}, which is no part of an adapter of "
                                   "low rank",
                                   source, name, to_string(value.shape())),
                       "Compare fine_tune_type in adapter_config.json with the file.");
    }
  }
  return parts;
}

void require_part(bool there, const std::string& path, const char* part, const std::string& source,
                  bool wanted = true) {
  if (there == wanted) return;
  throw ModelError(fmt::format("[adapter] {}: {}.{} is {}", source, path, part,
                               wanted ? "missing" : "there, but adapter_config.json says lora"),
                   "The adapter is damaged or incomplete: copy or train it again.");
}

NamedUpdate update_of(const std::string& path, const Parts& parts, const AdapterConfig& config,
                      bool is_table, const std::string& source) {
  require_part(parts.a.has_value(), path, "lora_a", source);
  require_part(parts.b.has_value(), path, "lora_b", source);
  require_part(parts.m.has_value(), path, "m", source, config.kind == Kind::dora);
  const array &a = *parts.a, &b = *parts.b;
  const bool stacked = a.ndim() == 3 && b.ndim() == 3;
  if (!stacked && (a.ndim() != 2 || b.ndim() != 2)) {
    throw ModelError(fmt::format("[adapter] {}: {} has lora_a {} and lora_b {}", source, path,
                                 to_string(a.shape()), to_string(b.shape())),
                     other_model);
  }
  const int rank_of_a = a.shape(1), rank_of_b = stacked ? b.shape(2) : b.shape(0);
  if (rank_of_a != config.rank || rank_of_b != config.rank) {
    throw ModelError(
        fmt::format("[adapter] {}: {} has lora_a {} and lora_b {}, but "
                    "adapter_config.json says rank {}",
                    source, path, to_string(a.shape()), to_string(b.shape()), config.rank),
        "The config belongs to another adapter: copy both files again.");
  }
  NamedUpdate update{path, a, b, config.multiplier(), parts.m, is_table};
  if (is_table) std::swap(update.down, update.up);
  if (!stacked && !is_table) {
    update.down = swapaxes(a, 0, 1);
    update.up = swapaxes(b, 0, 1);
  }
  return update;
}

/// A full fine-tune's weights under the decoder's names, checked against the model's.
Weights full_weights(Weights tensors, const ModelFiles& files, const std::string& source) {
  to_decoder(text_part_rules(), tensors);
  to_decoder(files.spec.rules, tensors);
  for (const auto& [name, value] : tensors) {
    const auto known = files.weights.find(name);
    if (known == files.weights.end()) {
      throw ModelError(fmt::format("[adapter] {}: holds {} {}, which the model does not have",
                                   source, name, to_string(value.shape())),
                       other_model);
    }
    const std::string module = without_weight_ending(name);
    const auto scales = files.weights.find(module + ".scales");
    Shape wanted = known->second.shape();
    if (name != module && scales != files.weights.end() && !tensors.contains(scales->first)) {
      if (const auto q = files.config.quantization.of(module))
        wanted.back() = scales->second.shape(-1) * q->group_size;
    }
    if (value.shape() == wanted) continue;
    throw ModelError(fmt::format("[adapter] {}: {} is {}, but the model's is {}", source, name,
                                 to_string(value.shape()), to_string(wanted)),
                     other_model);
  }
  return tensors;
}

AdapterConfig read_config(const nlohmann::json& json, const fs::path& file) {
  const ConfigReader reader(json, file.string());
  AdapterConfig config;
  const std::string kind = reader.text("fine_tune_type", "lora");
  if (kind != "lora" && kind != "dora" && kind != "full")
    reader.fail("fine_tune_type", fmt::format("is \"{}\"", kind), "Known are lora, dora and full.");
  config.kind = kind == "dora" ? Kind::dora : kind == "full" ? Kind::full : Kind::lora;
  config.num_layers = reader.integer("num_layers", {-1, 1 << 16}, config.num_layers);
  if (config.kind == Kind::full) return config;
  const auto lora = reader.object("lora_parameters");
  if (!lora) reader.fail("lora_parameters", "is missing", "Add rank and scale to it.");
  config.rank = lora->integer("rank", ranks, config.rank);
  config.scale = lora->number("scale", {-1e6f, 1e6f}, config.scale);
  config.dropout = lora->number("dropout", {0, 0.999f}, 0);
  if (lora->has("keys")) config.keys = lora->texts("keys");
  return config;
}

/// x with zeros after it on one axis, up to a length.
array filled(const array& x, int axis, int length) {
  if (x.shape(axis) == length) return x;
  const int missing = length - x.shape(axis);
  return pad(x, std::vector<int>{axis < 0 ? axis + int(x.ndim()) : axis}, Shape{0}, Shape{missing});
}

}  // namespace

nlohmann::json mlx_config(const AdapterConfig& config) {
  const char* names[] = {"lora", "dora", "full"};
  nlohmann::json json = {{"fine_tune_type", names[int(config.kind)]},
                         {"num_layers", config.num_layers}};
  if (config.kind == Kind::full) return json;
  json["lora_parameters"] = {
      {"rank", config.rank}, {"scale", config.multiplier()}, {"dropout", config.dropout}};
  if (config.keys) json["lora_parameters"]["keys"] = *config.keys;
  return json;
}

Adapter Adapter::load_mlx(const fs::path& config_file, const fs::path& tensors_file,
                          const ModelFiles& files) {
  AdapterConfig config = read_config(read_json_object(config_file, "adapter"), config_file);
  Weights tensors = read_tensors(tensors_file);
  const std::string source = tensors_file.string();
  if (config.kind == Kind::full)
    return Adapter(std::move(config), full_weights(std::move(tensors), files, source));
  const std::vector<AdaptableModule> known = adaptable_modules(files);
  const auto is_table = [&](const std::string& path) {
    return std::any_of(known.begin(), known.end(), [&](const AdaptableModule& module) {
      return module.kind == AdaptableModule::Kind::embedding &&
             (module.path == path || "language_model." + module.path == path);
    });
  };
  std::vector<NamedUpdate> updates;
  for (const auto& [path, parts] : parts_by_path(tensors, source))
    updates.push_back(update_of(path, parts, config, is_table(path), source));
  std::vector<AdaptedModule> modules = to_adapted_modules(std::move(updates), files, source);
  describe_choice(modules_of(modules), known, files.spec, config);
  return Adapter(std::move(config), std::move(modules));
}

void Adapter::save_mlx(const fs::path& folder, const std::string& base) const {
  AdapterConfig config = config_;
  std::unordered_map<std::string, array> tensors(weights_.begin(), weights_.end());
  float largest = 0;
  for (const AdaptedModule& adapted : modules_) {
    config.rank = std::max(config.rank, adapted.rank());
    if (std::abs(adapted.multiplier) > std::abs(largest)) largest = adapted.multiplier;
  }
  if (!modules_.empty()) {
    config.scale = largest;
    config.rank_stabilized = false;
  }
  for (const AdaptedModule& adapted : modules_) {
    array down = filled(astype(adapted.down, float32), -2, config.rank);
    array up = filled(astype(adapted.up, float32), -1, config.rank);
    if (adapted.multiplier != largest) up = multiply(up, array(adapted.multiplier / largest));
    const std::string& path = adapted.module.path;
    const bool is_table = adapted.module.kind == AdaptableModule::Kind::embedding;
    const bool is_linear = adapted.module.kind == AdaptableModule::Kind::linear;
    const auto form = [&](const array& x) { return is_linear ? contiguous(swapaxes(x, 0, 1)) : x; };
    tensors.emplace(path + ".lora_a", form(is_table ? up : down));
    tensors.emplace(path + ".lora_b", form(is_table ? down : up));
    if (adapted.magnitude) tensors.emplace(path + ".m", astype(*adapted.magnitude, float32));
  }
  nlohmann::json json = mlx_config(config);
  if (!base.empty()) json["model"] = base;
  write_adapter(folder, json, mlx_adapter_file, std::move(tensors));
}

}  // namespace quern::models
