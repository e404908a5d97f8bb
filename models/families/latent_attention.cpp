#include "models/families/latent_attention.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

namespace {

// Small enough that a product of two fits an int.
constexpr Range<int> sizes = {1, 1 << 14};

/// How much the scores of a stretched context are sharpened.
float sharpened(const RopeConfig& rope) {
  if (rope.kind != RopeConfig::Kind::yarn || rope.factor <= 1) return 1;
  const float factor = 0.1f * rope.mscale_all_dim * std::log(rope.factor) + 1;
  return factor * factor;
}

const std::string joined = "self_attn.kv_b_proj", queries = "self_attn.embed_q",
                  values = "self_attn.unembed_out";

/// The names before `part`.weight, with their dot.
std::vector<std::string> places_of(const Weights& weights, const std::string& part) {
  const std::string ending = part + ".weight";
  std::vector<std::string> places;
  for (const auto& [name, value] : weights) {
    if (name.ends_with(ending)) places.push_back(name.substr(0, name.size() - ending.size()));
  }
  return places;
}

array take(Weights& weights, const std::string& name) { return weights.extract(name).mapped(); }

void split(Weights& weights, const MlaSpec& spec) {
  const int head = spec.plain_dim + spec.value_dim;
  for (const std::string& place : places_of(weights, joined)) {
    if (weights.contains(place + joined + ".scales")) continue;
    const array both = take(weights, place + joined + ".weight");
    const Shape expected = {spec.num_heads * head, spec.latent_rank};
    if (both.shape() != expected) {
      throw ModelError(fmt::format("[weights] {}{}.weight has the shape {}, needed is {}", place,
                                   joined, to_string(both.shape()), to_string(expected)),
                       "The weights do not belong to this config.json: download the model again.");
    }
    const std::vector<array> parts =
        quern::split(unflatten(both, 0, {spec.num_heads, head}), Shape{spec.plain_dim}, 1);
    weights.insert_or_assign(place + queries + ".weight", swapaxes(parts[0], -1, -2));
    weights.insert_or_assign(place + values + ".weight", parts[1]);
  }
}

void join(Weights& weights, const MlaSpec& spec) {
  for (const std::string& place : places_of(weights, queries)) {
    const std::string other = place + values + ".weight";
    if (!weights.contains(other) || weights.contains(place + queries + ".scales")) continue;
    const array keys = swapaxes(take(weights, place + queries + ".weight"), -1, -2);
    const array both = concatenate({keys, take(weights, other)}, 1);
    weights.insert_or_assign(place + joined + ".weight", reshape(both, {-1, spec.latent_rank}));
  }
}

}  // namespace

MlaSpec read_latent_attention(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  if (config.num_attention_heads == 0) reader.fail("num_attention_heads", "is missing");
  MlaSpec spec;
  spec.num_heads = config.num_attention_heads;
  spec.query_rank = reader.optional_integer("q_lora_rank", sizes);
  spec.latent_rank = reader.integer("kv_lora_rank", sizes, 512);
  spec.plain_dim = reader.integer("qk_nope_head_dim", sizes, 128);
  spec.value_dim = reader.integer("v_head_dim", sizes, 128);
  spec.rope = {.config = config.rope,
               .dims = reader.integer("qk_rope_head_dim", sizes, 64),
               .interleaved = reader.boolean("rope_interleave", true),
               .max_position_embeddings = config.max_position_embeddings};
  spec.scale = sharpened(config.rope) / std::sqrt(float(spec.plain_dim + spec.rope.dims));
  spec.bias = config.attention_bias;
  return spec;
}

WeightRule splits_latent_projection(const MlaSpec& attention) {
  return {[attention](Weights& weights) { split(weights, attention); },
          [attention](Weights& weights) { join(weights, attention); }};
}

}  // namespace quern::models
