#include "models/decoder/gated_delta.h"

#include <cmath>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/fast.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/cache/recurrent_cache.h"
#include "models/decoder/activation.h"
#include "models/decoder/linear_recurrence.h"

namespace quern::models {

PartSizes GatedDeltaSpec::sizes() const {
  const auto conv = size_t(conv_channels());
  const auto heads = size_t(num_value_heads);
  return {6 * conv + 4 * heads * (64 + size_t(value_head_dim)), 0, std::nullopt,
          size_t(kernel - 1) * conv + heads * size_t(key_head_dim) * size_t(value_head_dim)};
}

GatedDelta::GatedDelta(WeightReader& reader, const std::string& path, const GatedDeltaSpec& spec,
                       int hidden_size)
    : spec_(spec),
      conv_(reader, path + ".conv1d", spec.conv_channels(), spec.kernel, false),
      decay_rates_(negative(exp(reader.take(path + ".A_log", {spec.num_value_heads}, float32)))),
      step_biases_(reader.take(path + ".dt_bias", {spec.num_value_heads}, float32)),
      norm_(reader, path + ".norm", {.eps = spec.norm_eps}, spec.value_head_dim),
      output_(reader, path + ".out_proj", hidden_size, spec.value_size(), false) {
  const auto projection = [&](std::optional<Linear>& place, const char* name, int out) {
    place.emplace(reader, path + "." + name, out, hidden_size, false);
  };
  if (spec.by_key_head) {
    projection(qkvz_, "in_proj_qkvz", spec.conv_channels() + spec.value_size());
    projection(ba_, "in_proj_ba", 2 * spec.num_value_heads);
  } else {
    projection(qkv_, "in_proj_qkv", spec.conv_channels());
    projection(z_, "in_proj_z", spec.value_size());
    projection(b_, "in_proj_b", spec.num_value_heads);
    projection(a_, "in_proj_a", spec.num_value_heads);
  }
}

std::unique_ptr<LayerCache> GatedDelta::make_cache() const {
  return std::make_unique<RecurrentCache>(std::vector<Shape>{
      conv_.past_shape(), {spec_.num_value_heads, spec_.key_head_dim, spec_.value_head_dim}});
}

/// Queries, keys and values [B, T, conv_channels]; rates and decays [B, T, num_value_heads]; gates
/// [B, T, value_size].
std::vector<array> GatedDelta::project(const array& x) const {
  if (!spec_.by_key_head) return {(*qkv_)(x), (*b_)(x), (*a_)(x), (*z_)(x)};
  const int key_heads = spec_.num_key_heads, key = spec_.key_head_dim;
  const int per_key_head = spec_.num_value_heads / key_heads;
  const int value = per_key_head * spec_.value_head_dim;
  const auto by_head = [&](const array& y) { return unflatten(y, 2, {key_heads, -1}); };
  std::vector<array> parts = split(by_head((*qkvz_)(x)), Shape{key, 2 * key, 2 * key + value}, -1);
  for (array& part : parts) part = flatten(part, 2, 3);
  const std::vector<array> rates = split(by_head((*ba_)(x)), 2, -1);
  return {concatenate({parts[0], parts[1], parts[2]}, 2), flatten(rates[0], 2, 3),
          flatten(rates[1], 2, 3), parts[3]};
}

array GatedDelta::operator()(const array& x, Step& step) const {
  std::vector<array> parts = project(x);
  const array gates = unflatten(parts.back(), 2, {spec_.num_value_heads, spec_.value_head_dim});
  parts.pop_back();
  const array mixed = step.per_sequence(parts, [&](const std::vector<array>& own, size_t sequence) {
    return mix(own, step.cache(sequence));
  });
  const array gated = multiply(norm_(mixed), activate(Activation::silu, astype(gates, float32)));
  return output_(astype(flatten(gated, 2, 3), x.dtype()));
}

/// -> [B, T, num_value_heads, value_head_dim], float32.
array GatedDelta::mix(const std::vector<array>& parts, LayerCache* of_layer) const {
  auto* cache = static_cast<RecurrentCache*>(of_layer);
  const auto [convolved, past] = conv_(parts[0], cache ? cache->past(0) : std::nullopt);
  const array active = astype(activate(Activation::silu, convolved), float32);
  const std::vector<array> qkv = split(active, Shape{spec_.key_size(), 2 * spec_.key_size()}, -1);
  // Of length 1: the root of the sum of squares, where an RMS norm has the mean.
  const float length = std::sqrt(float(spec_.key_head_dim));
  const auto unit_heads = [&](const array& x, float scale) {
    const array heads = unflatten(x, 2, {spec_.num_key_heads, spec_.key_head_dim});
    return multiply(fast::rms_norm(heads, std::nullopt, 1e-6f / float(spec_.key_head_dim)),
                    array(scale));
  };
  const array queries = unit_heads(qkv[0], 1 / (length * length));
  const array keys = unit_heads(qkv[1], 1 / length);
  const array values = unflatten(qkv[2], 2, {spec_.num_value_heads, spec_.value_head_dim});
  const array rates = sigmoid(astype(parts[1], float32));
  const array steps = logaddexp(add(astype(parts[2], float32), step_biases_), array(0.0f));
  const Recurrence found = gated_delta_rule(queries, keys, values, multiply(decay_rates_, steps),
                                            rates, cache ? cache->past(1) : std::nullopt);
  if (cache) cache->update({past, found.state}, parts[0].shape(1));
  return found.outputs;
}

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const GatedDeltaSpec& spec, int hidden_size) {
  return std::make_unique<GatedDelta>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
