#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "models/weights/gguf/gguf_metadata.h"

namespace quern::models {

/// A key of the metadata, below the architecture's name, and of config.json.
struct GgufKey {
  enum class Kind { integer, number, boolean };
  const char* gguf;
  const char* config;
  Kind kind = Kind::integer;
};

/// A part of a tensor's name and what Hugging Face calls it. A part with its ending (".weight",
/// ".bias") goes before one without.
struct GgufName {
  std::string_view gguf;
  std::string_view published;
};

/// How GGUF says a family's config.json and weights: the names and numbers, not their meaning.
struct GgufArchitecture {
  std::string_view name;                 ///< general.architecture
  std::string_view model_type;           ///< as config.json spells it
  std::span<const GgufKey> keys = {};    ///< besides those that all have
  std::span<const GgufName> names = {};  ///< of a layer's tensors, before those that all have
  const char* constants = "{}";          ///< JSON: what GGUF leaves unsaid
  bool permutes_heads = false;           ///< pairs of rotated rows of q and k lie side by side
  bool norms_plus_one = false;  ///< norm weights have the 1 added that families add when used
  /// What data cannot say, after keys and constants.
  void (*complete)(const GgufMetadata& metadata, const std::string& prefix,
                   nlohmann::json& config) = nullptr;
};

std::span<const GgufArchitecture> gguf_architectures();
std::span<const GgufKey> common_gguf_keys();

/// nullptr when there is none of that name; of two families that share one, has_experts tells.
const GgufArchitecture* find_gguf_architecture(std::string_view name, bool has_experts);
/// What a model of this type is written as; nullptr when it cannot be.
const GgufArchitecture* find_gguf_architecture_of(std::string_view model_type);

/// "blk.3.attn_q.weight" as "model.layers.3.self_attn.q_proj.weight"; a name that is not known as
/// it is.
std::string published_name(const GgufArchitecture& architecture, const std::string& gguf);
/// The way back; empty for a name that is not known.
std::string gguf_name(const GgufArchitecture& architecture, const std::string& published);

}  // namespace quern::models
