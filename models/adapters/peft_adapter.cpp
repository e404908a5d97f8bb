// PEFT's form of an adapter: adapter_config.json and adapter_model.safetensors.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <unordered_map>

#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/adapters/adapter.h"
#include "models/adapters/adapter_files.h"
#include "models/adapters/module_choice.h"
#include "models/error.h"

namespace quern::models {

namespace fs = std::filesystem;

namespace {

using Json = nlohmann::json;

constexpr std::string_view prefix = "base_model.model.";
constexpr const char* unsupported =
    "Merge it with the program that trained it, and use the result.";

/// Whether a config asks for something: null, false, "none" and what is empty do not.
bool asks(const Json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return false;
  if (found->is_boolean()) return found->get<bool>();
  if (found->is_string()) return !found->get<std::string>().empty() && *found != "none";
  return !((found->is_array() || found->is_object()) && found->empty());
}

/// What would change the model in ways that a file's matrices do not say.
void refuse_unsupported(const Json& config, const ConfigReader& reader) {
  if (const std::string type = reader.text("peft_type", ""); type != "LORA")
    reader.fail("peft_type", fmt::format("is \"{}\", but only LORA can be used", type),
                unsupported);
  constexpr const char* keys[] = {"modules_to_save",
                                  "lora_bias",
                                  "bias",
                                  "layer_replication",
                                  "target_parameters",
                                  "trainable_token_indices",
                                  "use_qalora",
                                  "alora_invocation_tokens",
                                  "arrow_config",
                                  "corda_config",
                                  "lora_ga_config"};
  for (const char* key : keys) {
    if (!asks(config, key)) continue;
    reader.fail(key, "asks for something beside matrices of low rank, which cannot be used",
                unsupported);
  }
  const auto initial = config.find("init_lora_weights");
  if (initial == config.end() || !initial->is_string()) return;
  const auto how = initial->get<std::string>();
  if (how == "gaussian" || how == "eva" || how == "orthogonal") return;
  reader.fail("init_lora_weights",
              fmt::format("is \"{}\", which changes the model's own weights as well", how),
              unsupported);
}

/// One number for all, and others for modules whose names end like a pattern.
class ByPattern {
 public:
  ByPattern(const ConfigReader& reader, const char* key, double usual) : usual_(usual) {
    const auto patterns = reader.object(key);
    if (!patterns) return;
    for (const auto& [pattern, value] : patterns->json().items()) {
      if (!value.is_number())
        reader.fail(key, fmt::format("says {} of \"{}\"", value.dump(), pattern));
      try {
        patterns_.emplace_back(std::regex(fmt::format("(.*\\.)?({})", pattern)),
                               value.get<double>());
      } catch (const std::regex_error&) {
        reader.fail(key, fmt::format("has \"{}\", which is no regular expression", pattern));
      }
    }
  }

  double of(const std::string& path) const {
    for (const auto& [pattern, value] : patterns_) {
      if (std::regex_match(path, pattern)) return value;
    }
    return usual_;
  }

 private:
  double usual_;
  std::vector<std::pair<std::regex, double>> patterns_;
};

struct Parts {
  std::optional<array> a, b, magnitude;
  bool is_embedding = false;
};

struct Name {
  std::string path, part, adapter;
};

/// "base_model.model.PATH.lora_A[.NAME][.weight]"
Name parse(const std::string& name, const std::string& source) {
  constexpr std::array<std::string_view, 5> parts = {"lora_A", "lora_B", "lora_embedding_A",
                                                     "lora_embedding_B", "lora_magnitude_vector"};
  for (const std::string_view part : parts) {
    const size_t at = name.find(fmt::format(".{}", part));
    if (at == std::string::npos) continue;
    std::string rest = name.substr(at + 1 + part.size());
    if (!rest.empty() && rest[0] != '.') continue;
    if (rest.ends_with(".weight")) rest.resize(rest.size() - 7);
    if (std::count(rest.begin(), rest.end(), '.') > 1) continue;
    std::string path = name.substr(0, at);
    while (path.starts_with(prefix)) path.erase(0, prefix.size());
    return {path, std::string(part), rest};
  }
  throw ModelError(
      fmt::format("[adapter] {}: holds {}, which is no matrix of low rank", source, name),
      unsupported);
}

std::map<std::string, Parts> parts_by_path(const Weights& tensors, const std::string& source) {
  std::map<std::string, Parts> by_path;
  std::optional<std::string> adapter;
  for (const auto& [tensor, value] : tensors) {
    const Name name = parse(tensor, source);
    if (adapter.value_or(name.adapter) != name.adapter) {
      throw ModelError(
          fmt::format("[adapter] {}: holds several adapters: {} is of another one than "
                      "those before it",
                      source, tensor),
          "Save each of them in a folder of its own.");
    }
    adapter = name.adapter;
    Parts& parts = by_path[name.path];
    if (name.part == "lora_magnitude_vector") {
      parts.magnitude = value;
      continue;
    }
    parts.is_embedding = name.part.starts_with("lora_embedding");
    (name.part.ends_with('A') ? parts.a : parts.b) = value;
  }
  return by_path;
}

[[noreturn]] void fail_missing(const std::string& source, const std::string& path,
                               const char* what) {
  throw ModelError(fmt::format("[adapter] {}: {} of {} is missing", source, what, path),
                   "The adapter is damaged or incomplete: copy or train it again.");
}

void refuse_embedding(const ModelFiles& files, bool dora, const std::string& path) {
  if (dora) {
    throw ModelError(fmt::format("[adapter] {}: DoRA of an embedding means lengths of columns to "
                                 "PEFT, and of rows here",
                                 path),
                     unsupported);
  }
  if (!has_tied_head(files)) return;
  throw ModelError(fmt::format("[adapter] {}: the embedding is the head too, and PEFT changes it "
                               "in one of the two places only",
                               path),
                   unsupported);
}

}  // namespace

Adapter Adapter::load_peft(const fs::path& config_file, const fs::path& tensors_file,
                           const ModelFiles& files) {
  const Json json = read_json_object(config_file, "adapter");
  const ConfigReader reader(json, config_file.string());
  refuse_unsupported(json, reader);
  const std::string source = tensors_file.string();
  AdapterConfig config;
  config.kind =
      reader.boolean("use_dora", false) ? AdapterConfig::Kind::dora : AdapterConfig::Kind::lora;
  config.dropout = reader.number("lora_dropout", {0, 0.999f}, 0);
  const bool stabilized = reader.boolean("use_rslora", false);
  const ByPattern ranks(reader, "rank_pattern", reader.integer("r", {1, 1 << 16}, 8));
  const ByPattern alphas(reader, "alpha_pattern", reader.number("lora_alpha", {-1e6f, 1e6f}, 8));
  const bool dora = config.kind == AdapterConfig::Kind::dora;
  std::vector<NamedUpdate> updates;
  config.rank = 1;
  config.scale = 0;
  for (const auto& [path, parts] : parts_by_path(read_tensors(tensors_file), source)) {
    if (!parts.a) fail_missing(source, path, "lora_A");
    if (!parts.b) fail_missing(source, path, "lora_B");
    if (dora && !parts.magnitude) fail_missing(source, path, "lora_magnitude_vector");
    if (parts.is_embedding) refuse_embedding(files, dora, path);
    const int rank = int(ranks.of(path));
    if (parts.a->ndim() != 2 || parts.b->ndim() != 2 || parts.a->shape(0) != rank ||
        parts.b->shape(1) != rank) {
      throw ModelError(
          fmt::format("[adapter] {}: {} has lora_A {} and lora_B {}, but "
                      "adapter_config.json says rank {}",
                      source, path, to_string(parts.a->shape()), to_string(parts.b->shape()), rank),
          "The config belongs to another adapter: copy both files again.");
    }
    const double alpha = alphas.of(path);
    const auto multiplier = float(alpha / (stabilized ? std::sqrt(double(rank)) : double(rank)));
    NamedUpdate update{path, *parts.a, *parts.b, multiplier, {}, parts.is_embedding};
    // A table's matrices are those of the transposed weight: [rank, vocab] and [dims, rank].
    if (parts.is_embedding) {
      update.down = swapaxes(*parts.b, 0, 1);
      update.up = swapaxes(*parts.a, 0, 1);
    }
    if (dora) update.magnitude = flatten(*parts.magnitude);
    config.rank = std::max(config.rank, rank);
    if (std::abs(multiplier) > std::abs(config.scale)) config.scale = multiplier;
    updates.push_back(std::move(update));
  }
  std::vector<AdaptedModule> modules = to_adapted_modules(std::move(updates), files, source);
  describe_choice(modules_of(modules), adaptable_modules(files), files.spec, config);
  return Adapter(std::move(config), std::move(modules));
}

void Adapter::save_peft(const fs::path& folder, const ModelFiles& files,
                        const std::string& base) const {
  if (config_.kind == AdapterConfig::Kind::full) {
    throw ModelError("[adapter] a full fine-tune has no form in PEFT",
                     "Write it in mlx-lm's format, or as a whole model.");
  }
  const bool dora = config_.kind == AdapterConfig::Kind::dora;
  const std::vector<NamedUpdate> updates = to_published_updates(modules_, files);
  std::unordered_map<std::string, array> tensors;
  Json targets = Json::array(), ranks = Json::object(), alphas = Json::object();
  const int usual_rank = modules_.front().rank();
  const double usual_alpha = double(modules_.front().multiplier) * usual_rank;
  for (const NamedUpdate& update : updates) {
    if (update.is_embedding) refuse_embedding(files, dora, update.path);
    const std::string name = std::string(prefix) + update.path;
    const auto put = [&](const std::string& part, const array& value) {
      tensors.emplace(name + "." + part, contiguous(astype(value, float32)));
    };
    if (update.is_embedding) {
      put("lora_embedding_A", swapaxes(update.up, 0, 1));
      put("lora_embedding_B", swapaxes(update.down, 0, 1));
    } else {
      put("lora_A.weight", update.down);
      put("lora_B.weight", update.up);
    }
    if (update.magnitude) put("lora_magnitude_vector.weight", *update.magnitude);
    targets.push_back(update.path);
    const int rank = update.down.shape(-2);
    const double alpha = double(update.multiplier) * rank;
    if (rank != usual_rank) ranks[update.path] = rank;
    if (alpha != usual_alpha) alphas[update.path] = alpha;
  }
  Json json = {{"peft_type", "LORA"},
               {"task_type", "CAUSAL_LM"},
               {"inference_mode", true},
               {"r", usual_rank},
               {"lora_alpha", usual_alpha},
               {"lora_dropout", config_.dropout},
               {"target_modules", targets},
               {"rank_pattern", ranks},
               {"alpha_pattern", alphas},
               {"bias", "none"},
               {"use_dora", dora},
               {"use_rslora", false},
               {"fan_in_fan_out", false},
               {"modules_to_save", nullptr},
               {"base_model_name_or_path", base.empty() ? Json(nullptr) : Json(base)}};
  write_adapter(folder, json, peft_adapter_file, std::move(tensors));
}

}  // namespace quern::models
