#include "models/config/rope_config.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace quern::models {

namespace {

using Kind = RopeConfig::Kind;

/// Type names in published files. "mrope" turns text as the default does: its sections matter for
/// images.
constexpr std::pair<std::string_view, Kind> known_kinds[] = {
    {"default", Kind::default_},
    {"mrope", Kind::default_},
    {"linear", Kind::linear},
    {"dynamic", Kind::dynamic},
    {"llama3", Kind::llama3},
    {"yarn", Kind::yarn},
    {"deepseek_yarn", Kind::yarn},
    {"longrope", Kind::longrope},
    {"su", Kind::longrope},
    {"telechat3-yarn", Kind::yarn},
    {"proportional", Kind::proportional},
};

constexpr Range<float> positive = {1e-6f, 1e12f};
constexpr Range<int> lengths = {1, 1 << 30};

Kind kind_of(const ConfigReader& scaling) {
  const char* key = scaling.has("rope_type") ? "rope_type" : "type";
  const std::string name = scaling.text(key, "default");
  std::string known;
  for (const auto& [known_name, kind] : known_kinds) {
    if (name == known_name) return kind;
    known += (known.empty() ? "" : ", ") + std::string(known_name);
  }
  scaling.fail(key, fmt::format("is \"{}\", which is none of {}", name, known),
               "Update Quern, or choose a model with another position embedding.");
}

/// One object for all layers, or in it one for each type of layer.
std::optional<ConfigReader> scaling_of(const ConfigReader& config, const char* layer_type) {
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    const auto all = config.object(key);
    if (!all || all->json().empty()) continue;
    for (const auto& value : all->json()) {
      if (value.is_object()) return all->object(layer_type);
    }
    return all;
  }
  return std::nullopt;
}

RopeConfig read(const ConfigReader& config, const std::optional<ConfigReader>& scaling,
                int max_position_embeddings) {
  RopeConfig rope;
  rope.theta = config.number("rope_theta", positive, rope.theta);
  rope.partial_rotary_factor = config.number("partial_rotary_factor", {1e-3f, 1.0f}, 1.0f);
  rope.original_max_position_embeddings =
      config.integer("original_max_position_embeddings", lengths, max_position_embeddings);
  if (!scaling) return rope;

  rope.kind = kind_of(*scaling);
  rope.theta = scaling->number("rope_theta", positive, rope.theta);
  rope.partial_rotary_factor =
      scaling->number("partial_rotary_factor", {1e-3f, 1.0f}, rope.partial_rotary_factor);
  rope.original_max_position_embeddings = scaling->integer(
      "original_max_position_embeddings", lengths, rope.original_max_position_embeddings);
  rope.low_freq_factor = scaling->number("low_freq_factor", positive, rope.low_freq_factor);
  rope.high_freq_factor = scaling->number("high_freq_factor", positive, rope.high_freq_factor);
  rope.beta_fast = scaling->number("beta_fast", positive, rope.beta_fast);
  rope.beta_slow = scaling->number("beta_slow", positive, rope.beta_slow);
  rope.truncate = scaling->boolean("truncate", rope.truncate);
  rope.mscale = scaling->number("mscale", {0.0f, 1e3f}, rope.mscale);
  rope.mscale_all_dim = scaling->number("mscale_all_dim", {0.0f, 1e3f}, rope.mscale_all_dim);
  rope.attention_factor = scaling->optional_number("attention_factor", positive);
  if (!rope.attention_factor) {
    rope.attention_factor = scaling->optional_number("long_mscale", positive);
  }
  rope.short_factor = scaling->numbers("short_factor", positive);
  rope.long_factor = scaling->numbers("long_factor", positive);

  if (const auto alpha = scaling->optional_number("alpha", positive);
      alpha && rope.kind == Kind::dynamic) {
    rope.kind = Kind::ntk;
    rope.factor = *alpha;
  }

  switch (rope.kind) {
    case Kind::default_:
    case Kind::ntk:
      break;
    case Kind::proportional:
      rope.factor = scaling->number("factor", positive, 1.0f);
      break;
    case Kind::longrope:
      if (rope.long_factor.empty()) scaling->fail("long_factor", "is missing");
      rope.factor = scaling->number(
          "factor", positive,
          float(max_position_embeddings) / float(rope.original_max_position_embeddings));
      break;
    case Kind::llama3:
      if (rope.high_freq_factor < rope.low_freq_factor) {
        scaling->fail("high_freq_factor", fmt::format("is {:g}, below low_freq_factor {:g}",
                                                      rope.high_freq_factor, rope.low_freq_factor));
      }
      [[fallthrough]];
    default:
      rope.factor = scaling->number("factor", positive);
  }
  return rope;
}

}  // namespace

RopeConfig read_rope(const ConfigReader& config, int max_position_embeddings) {
  return read(config, scaling_of(config, "full_attention"), max_position_embeddings);
}

std::optional<RopeConfig> read_local_rope(const ConfigReader& config, int max_position_embeddings) {
  const auto all = scaling_of(config, "full_attention");
  const auto local = scaling_of(config, "sliding_attention");
  if (local && (!all || &local->json() != &all->json())) {
    return read(config, local, max_position_embeddings);
  }
  const auto theta = config.optional_number("rope_local_base_freq", positive);
  if (!theta) return std::nullopt;
  RopeConfig rope;
  rope.theta = *theta;
  rope.original_max_position_embeddings = max_position_embeddings;
  return rope;
}

}  // namespace quern::models
