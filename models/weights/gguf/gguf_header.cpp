#include "models/weights/gguf/gguf_header.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/decoder/rope_frequencies.h"
#include "models/error.h"

namespace quern::models {

namespace {

using Json = nlohmann::json;

array uint32_value(int64_t value) { return array(uint32_t(value), uint32); }
array float32_value(double value) { return array(float(value), float32); }

template <typename T>
array list_of(const std::vector<T>& values, Dtype dtype) {
  return array(values.begin(), {int(values.size())}, dtype);
}

/// config.json with what the normalised config knows better.
Json config_values(const ModelConfig& config) {
  Json values = *config.json;
  values["hidden_size"] = config.hidden_size;
  values["num_hidden_layers"] = config.num_hidden_layers;
  values["num_attention_heads"] = config.num_attention_heads;
  values["num_key_value_heads"] = config.num_key_value_heads;
  values["intermediate_size"] = config.intermediate_size;
  values["head_dim"] = config.head_dim;
  values["max_position_embeddings"] = config.max_position_embeddings;
  values["rms_norm_eps"] = config.rms_norm_eps;
  values["rope_theta"] = config.rope.theta;
  return values;
}

void add_keys(const std::string& prefix, std::span<const GgufKey> keys, const Json& config,
              GgufValues& values) {
  for (const GgufKey& row : keys) {
    const auto found = config.find(row.config);
    if (found == config.end() || found->is_null()) continue;
    const std::string key = prefix + row.gguf;
    if (row.kind == GgufKey::Kind::boolean && found->is_boolean()) {
      values.emplace(key, array(found->get<bool>()));
    } else if (row.kind == GgufKey::Kind::integer && found->is_number()) {
      values.emplace(key, uint32_value(found->get<int64_t>()));
    } else if (row.kind == GgufKey::Kind::number && found->is_number()) {
      values.emplace(key, float32_value(found->get<double>()));
    }
  }
}

void add_rope(const std::string& prefix, const ModelConfig& config, GgufValues& values,
              Weights& tensors) {
  const RopeConfig& rope = config.rope;
  const int turning = int(float(config.head_dim) * rope.partial_rotary_factor);
  const int dims = turning - turning % 2;
  const std::string scaling = prefix + "rope.scaling.";
  const auto say = [&](const char* type) {
    values.emplace(scaling + "type", type);
    values.emplace(scaling + "factor", float32_value(rope.factor));
    values.emplace(scaling + "original_context_length",
                   uint32_value(rope.original_max_position_embeddings));
  };
  if (dims > 0) values.emplace(prefix + "rope.dimension_count", uint32_value(dims));
  switch (rope.kind) {
    case RopeConfig::Kind::default_:
      return;
    case RopeConfig::Kind::linear:
      return say("linear");
    case RopeConfig::Kind::yarn:
      return say("yarn");
    case RopeConfig::Kind::llama3: {
      // The file says what each period is multiplied by.
      const RopeSpec spec{.config = rope, .dims = dims};
      std::vector<float> factors = rope_frequencies(spec, 1).periods;
      for (size_t i = 0; i < factors.size(); ++i) {
        factors[i] = float(factors[i] / std::pow(double(rope.theta), 2.0 * double(i) / dims));
      }
      tensors.insert_or_assign("rope_freqs.weight", list_of(factors, float32));
      return;
    }
    case RopeConfig::Kind::longrope: {
      say("longrope");
      const auto& shorts = rope.short_factor.empty() ? rope.long_factor : rope.short_factor;
      tensors.insert_or_assign("rope_factors_long.weight", list_of(rope.long_factor, float32));
      tensors.insert_or_assign("rope_factors_short.weight", list_of(shorts, float32));
      const RopeSpec spec{.config = rope, .dims = dims};
      values.emplace(scaling + "attn_factor",
                     float32_value(double(rope_frequencies(spec, 1).amplitude)));
      return;
    }
    default:
      throw ModelError(
          fmt::format("[gguf] {}: its rotary embedding has no form in GGUF", config.file),
          "Write the model as MLX or Hugging Face files instead.");
  }
}

}  // namespace

GgufValues gguf_values_of(const GgufArchitecture& architecture, const ModelConfig& config,
                          Weights& tensors) {
  const std::string prefix = std::string(architecture.name) + ".";
  const Json json = config_values(config);
  GgufValues values;
  values.emplace("general.architecture", std::string(architecture.name));
  values.emplace("general.quantization_version", uint32_value(2));
  values.emplace(prefix + "vocab_size", uint32_value(config.vocab_size));
  add_keys(prefix, common_gguf_keys(), json, values);
  add_keys(prefix, architecture.keys, json, values);
  values.insert_or_assign(prefix + "attention.value_length", uint32_value(config.head_dim));
  add_rope(prefix, config, values, tensors);
  return values;
}

void add_gguf_vocabulary(const GgufVocabulary& v, GgufValues& values) {
  const auto set = [&](const char* name, GGUFMetaData value) {
    values.insert_or_assign(fmt::format("tokenizer.ggml.{}", name), std::move(value));
  };
  set("model", v.model);
  if (!v.pre.empty()) set("pre", v.pre);
  set("tokens", v.tokens);
  if (!v.scores.empty()) set("scores", list_of(v.scores, float32));
  if (!v.token_types.empty()) set("token_type", list_of(v.token_types, int32));
  // Programs ask a byte-level vocabulary for its merges, even if there are none.
  if (!v.merges.empty() || v.model == "gpt2") set("merges", v.merges);
  const std::pair<const char*, std::optional<int64_t>> ids[] = {
      {"bos_token_id", v.bos_token_id},         {"eos_token_id", v.eos_token_id},
      {"eot_token_id", v.eot_token_id},         {"eom_token_id", v.eom_token_id},
      {"unknown_token_id", v.unknown_token_id}, {"seperator_token_id", v.separator_token_id},
      {"padding_token_id", v.padding_token_id}, {"cls_token_id", v.cls_token_id},
      {"mask_token_id", v.mask_token_id}};
  for (const auto& [name, id] : ids) {
    if (id) set(name, uint32_value(*id));
  }
  const std::pair<const char*, std::optional<bool>> choices[] = {
      {"add_bos_token", v.add_bos_token},
      {"add_eos_token", v.add_eos_token},
      {"add_sep_token", v.add_sep_token},
      {"add_space_prefix", v.add_space_prefix},
      {"remove_extra_whitespaces", v.remove_extra_whitespaces},
      {"normalizer.lowercase", v.normalizer_lowercase},
      {"normalizer.strip_accents", v.normalizer_strip_accents}};
  for (const auto& [name, choice] : choices) {
    if (choice) set(name, array(*choice));
  }
  if (!v.precompiled_charsmap.empty()) {
    const std::vector<uint8_t> bytes(v.precompiled_charsmap.begin(), v.precompiled_charsmap.end());
    set("precompiled_charsmap", list_of(bytes, uint8));
  }
  if (!v.chat_template.empty()) values.insert_or_assign("tokenizer.chat_template", v.chat_template);
}

}  // namespace quern::models
