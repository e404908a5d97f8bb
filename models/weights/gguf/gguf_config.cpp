#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "engine/io/stored_array.h"
#include "engine/ops/cast.h"
#include "models/weights/gguf/gguf_architecture.h"
#include "models/weights/gguf/gguf_model.h"

namespace quern::models {

namespace {

using Json = nlohmann::json;

constexpr const char* other_family = "Update Quern, or choose a model of another family.";

const GgufArchitecture& architecture_of(const GgufMetadata& metadata) {
  const auto name = metadata.text("general.architecture");
  if (!name) metadata.fail("general.architecture", "is missing");
  const bool has_experts = metadata.integer(*name + ".expert_count").value_or(0) > 0;
  const GgufArchitecture* found = find_gguf_architecture(*name, has_experts);
  if (!found) {
    metadata.fail("general.architecture",
                  fmt::format("is \"{}\", which is not among those that can run", *name),
                  other_family);
  }
  return *found;
}

/// A number that some files give for each layer, when all of them are the same.
std::optional<int64_t> uniform_integer(const GgufMetadata& metadata, const std::string& key) {
  if (!metadata.has(key)) return std::nullopt;
  if (!metadata.is_list(key)) return metadata.integer(key);
  const std::vector<int32_t> values = metadata.integers(key);
  if (values.empty() ||
      std::count(values.begin(), values.end(), values[0]) != long(values.size())) {
    metadata.fail(key, "differs between layers, which cannot be computed with", other_family);
  }
  return values[0];
}

void read_keys(const GgufMetadata& metadata, const std::string& prefix,
               std::span<const GgufKey> keys, Json& config) {
  for (const GgufKey& row : keys) {
    const std::string key = prefix + row.gguf;
    if (!metadata.has(key)) continue;
    switch (row.kind) {
      case GgufKey::Kind::integer:
        config[row.config] = *uniform_integer(metadata, key);
        break;
      case GgufKey::Kind::number:
        config[row.config] = *metadata.number(key);
        break;
      case GgufKey::Kind::boolean:
        config[row.config] = *metadata.boolean(key);
        break;
    }
  }
}

/// The numbers of a small tensor, float32 in the file; empty when there is none.
std::vector<float> numbers_of(const GgufCheckpoint& checkpoint, const std::string& name) {
  const GGUFFile::Tensor* t = checkpoint.find(name);
  if (!t) return {};
  if (t->type->dtype != float32 || t->shape.size() != 1 || t->shape[0] > 4096) {
    checkpoint.metadata().fail(name, "is not a short list of float32");
  }
  Weights weights;
  QuantizationConfig none;
  checkpoint.add_to(weights, none, name, name);
  array values = weights.at(name);
  values.eval();
  return {values.data<float>(), values.data<float>() + values.size()};
}

/// Factors that periods are multiplied by, as Llama 3's parameters when they are those that Llama
/// 3.1 and its successors were published with, or else as they are.
Json llama3_scaling(const std::vector<float>& factors, double theta) {
  constexpr double low = 1, high = 4, trained = 8192;
  const double factor = *std::max_element(factors.begin(), factors.end());
  bool same = true;
  for (size_t i = 0; i < factors.size(); ++i) {
    const double period = std::pow(theta, double(i) / double(factors.size()));
    const double turns = trained / (2 * std::numbers::pi * period);
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    same = same && std::abs(1 / (kept + (1 - kept) / factor) - factors[i]) < 1e-4 * factor;
  }
  if (same) {
    return {{"rope_type", "llama3"},
            {"factor", factor},
            {"low_freq_factor", low},
            {"high_freq_factor", high},
            {"original_max_position_embeddings", int(trained)}};
  }
  return {{"rope_type", "longrope"},
          {"long_factor", factors},
          {"short_factor", factors},
          {"factor", 1.0},
          {"attention_factor", 1.0}};
}

void read_rope(const GgufCheckpoint& checkpoint, const std::string& prefix, Json& config) {
  const GgufMetadata& metadata = checkpoint.metadata();
  const std::string scaling = prefix + "rope.scaling.";
  const std::string type = metadata.text(scaling + "type").value_or("none");
  auto factor = metadata.number(scaling + "factor");
  if (!factor) factor = metadata.number(prefix + "rope.scale_linear");
  const auto original = metadata.integer(scaling + "original_context_length");
  if (const auto factors = numbers_of(checkpoint, "rope_freqs.weight"); !factors.empty()) {
    config["rope_scaling"] = llama3_scaling(factors, config.value("rope_theta", 10000.0));
  } else if (const auto longs = numbers_of(checkpoint, "rope_factors_long.weight");
             !longs.empty()) {
    config["rope_scaling"] = {
        {"rope_type", "longrope"},
        {"long_factor", longs},
        {"short_factor", numbers_of(checkpoint, "rope_factors_short.weight")}};
    if (const auto attention = metadata.number(scaling + "attn_factor")) {
      config["rope_scaling"]["attention_factor"] = *attention;
    }
    if (original) config["original_max_position_embeddings"] = *original;
  } else if (type == "yarn") {
    config["rope_scaling"] = {{"rope_type", "yarn"}, {"factor", factor.value_or(1.0)}};
    if (original) config["rope_scaling"]["original_max_position_embeddings"] = *original;
  } else if (factor && *factor > 1) {
    config["rope_scaling"] = {{"rope_type", "linear"}, {"factor", *factor}};
  }
}

void read_partial_rope(const GgufMetadata& metadata, const std::string& prefix, Json& config) {
  const auto turning = metadata.integer(prefix + "rope.dimension_count");
  const auto number = [&](const char* key) {
    return config.contains(key) ? config[key].get<double>() : 0.0;
  };
  double head = number("head_dim");
  if (head == 0 && number("num_attention_heads") > 0)
    head = number("hidden_size") / number("num_attention_heads");
  if (turning && head > 0 && double(*turning) < head)
    config["partial_rotary_factor"] = double(*turning) / head;
}

}  // namespace

Json config_of_gguf(const GgufCheckpoint& checkpoint) {
  const GgufMetadata& metadata = checkpoint.metadata();
  const GgufArchitecture& architecture = architecture_of(metadata);
  const std::string prefix = std::string(architecture.name) + ".";
  Json config = Json::parse(architecture.constants);
  config["model_type"] = architecture.model_type;
  read_keys(metadata, prefix, common_gguf_keys(), config);
  read_keys(metadata, prefix, architecture.keys, config);
  if (config.value("sliding_window", int64_t(1)) == 0) config.erase("sliding_window");
  for (const char* key : {"hidden_size", "num_hidden_layers", "num_attention_heads"}) {
    if (!config.contains(key)) metadata.fail(prefix, fmt::format("says nothing of the {}", key));
  }
  const GGUFFile::Tensor* embedding = checkpoint.find("token_embd.weight");
  if (!embedding || embedding->shape.size() != 2) {
    metadata.fail("token_embd.weight", "is missing or not a matrix");
  }
  config["vocab_size"] = int64_t(embedding->shape[0]);
  config["tie_word_embeddings"] = checkpoint.find("output.weight") == nullptr;
  read_rope(checkpoint, prefix, config);
  read_partial_rope(metadata, prefix, config);
  for (const auto& [token, key] : {std::pair("bos", "bos_token_id"), {"eos", "eos_token_id"}}) {
    const auto id = metadata.integer(fmt::format("tokenizer.ggml.{}_token_id", token));
    if (id && *id >= 0 && *id < (1 << 30)) config[key] = *id;
  }
  if (architecture.complete) architecture.complete(metadata, prefix, config);
  return config;
}

}  // namespace quern::models
