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
    {"default", Kind::default_},   {"mrope", Kind::default_},    {"linear", Kind::linear},
    {"dynamic", Kind::dynamic},    {"llama3", Kind::llama3},     {"yarn", Kind::yarn},
    {"deepseek_yarn", Kind::yarn}, {"longrope", Kind::longrope}, {"su", Kind::longrope},
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

}  // namespace

RopeConfig read_rope(const ConfigReader& config, int max_position_embeddings) {
  auto parameters = config.object("rope_parameters");
  if (parameters && parameters->json().empty()) parameters.reset();
  const auto scaling = parameters ? parameters : config.object("rope_scaling");

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
  rope.short_factor = scaling->numbers("short_factor", positive);
  rope.long_factor = scaling->numbers("long_factor", positive);

  switch (rope.kind) {
    case Kind::default_:
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

}  // namespace quern::models
