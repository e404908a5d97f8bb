#include "models/decoder/attention.h"

#include <cmath>
#include <tuple>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/fast.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/cache/key_value_cache.h"
#include "models/decoder/soft_capped_attention.h"

namespace quern::models {

namespace {

using QueryKeyNorm = AttentionSpec::QueryKeyNorm;

/// [1, 1, T, 1], in dtype.
array growth_factors(const QueryGrowth& growth, int offset, int tokens, Dtype dtype) {
  std::vector<float> factors;
  for (int p = offset; p < offset + tokens; ++p) {
    const float steps = std::floor((float(p) + growth.shift) / growth.length);
    factors.push_back(1 + growth.scale * std::log1p(steps));
  }
  return array(factors.begin(), {1, 1, tokens, 1}, dtype);
}

}  // namespace

PartSizes AttentionSpec::sizes() const {
  const auto queries = size_t(num_heads) * size_t(head_dim);
  const auto keys = size_t(num_key_value_heads) * size_t(head_dim);
  return {(output_gate ? 4 : 3) * queries + 4 * keys, attends_to_layer ? 0 : 2 * keys, window, 0};
}

Attention::Attention(WeightReader& reader, const std::string& path, const AttentionSpec& spec,
                     int hidden_size)
    : spec_(spec),
      output_(reader, path + "." + spec.output, hidden_size, spec.num_heads * spec.head_dim,
              spec.output_bias) {
  const int query_size = spec.num_heads * spec.head_dim * (spec.output_gate ? 2 : 1);
  const int key_size = spec.num_key_value_heads * spec.head_dim;
  const auto projection = [&](std::optional<Linear>& place, const std::string& name, int out,
                              bool bias) {
    place.emplace(reader, path + "." + name, out, hidden_size, bias);
  };
  if (spec.fused) {
    projection(fused_, *spec.fused, query_size + 2 * key_size, spec.query_bias);
  } else {
    projection(query_, spec.query, query_size, spec.query_bias);
    if (!spec.attends_to_layer) {
      projection(key_, spec.key, key_size, spec.key_bias);
      if (!spec.values_are_keys) projection(value_, spec.value, key_size, spec.value_bias);
    }
  }
  const auto norm = [&](std::optional<Norm>& place, const std::string& name, int num_heads) {
    const std::string at = path + "." + name;
    if (spec.query_key_norm == QueryKeyNorm::own_per_head) {
      place.emplace(reader, at, spec.norm, num_heads, spec.head_dim);
    } else {
      const bool per_head = spec.query_key_norm == QueryKeyNorm::per_head;
      place.emplace(reader, at, spec.norm, (per_head ? 1 : num_heads) * spec.head_dim);
    }
  };
  if (spec.query_key_norm != QueryKeyNorm::none) {
    norm(query_norm_, spec.query_norm, spec.num_heads);
    if (!spec.attends_to_layer) norm(key_norm_, spec.key_norm, spec.num_key_value_heads);
  }
  if (spec.output_norm) {
    output_norm_.emplace(reader, path + "." + *spec.output_norm, spec.norm,
                         spec.num_heads * spec.head_dim);
  }
  if (spec.sinks) sinks_ = reader.take(path + "." + spec.sinks_name, {spec.num_heads});
  if (spec.rope) rope_.emplace(*spec.rope, spec.head_dim, reader.float_dtype());
}

std::unique_ptr<LayerCache> Attention::make_cache() const {
  if (spec_.attends_to_layer) return nullptr;
  return std::make_unique<KeyValueCache>(spec_.chunk ? spec_.chunk : spec_.window);
}

/// [B, T, H * D] -> [B, H, T, D]. With a single token the axes are in the right order already.
array Attention::split_heads(const array& projected, int num_heads) const {
  const int batch = projected.shape(0), tokens = projected.shape(1);
  if (tokens == 1) return reshape(projected, {batch, num_heads, 1, spec_.head_dim});
  return transpose(reshape(projected, {batch, tokens, num_heads, spec_.head_dim}), {0, 2, 1, 3});
}

/// The same, normalised and turned.
array Attention::heads(const array& projected, int num_heads, const std::optional<Norm>& norm,
                       int offset) const {
  array whole = projected;
  if (norm && spec_.query_key_norm == QueryKeyNorm::all_heads) whole = (*norm)(whole);
  if (norm && spec_.query_key_norm == QueryKeyNorm::own_per_head) {
    whole = flatten((*norm)(unflatten(whole, 2, {num_heads, spec_.head_dim})), 2, 3);
  }
  array split = split_heads(whole, num_heads);
  const bool per_head = norm && spec_.query_key_norm == QueryKeyNorm::per_head;
  if (per_head && !spec_.norm_after_rope) split = (*norm)(split);
  if (rope_) split = (*rope_)(split, offset);
  if (per_head && spec_.norm_after_rope) split = (*norm)(split);
  return split;
}

/// Queries, keys and values out of one projection.
std::vector<array> Attention::cut(const array& fused) const {
  const int groups = spec_.num_key_value_heads, size = spec_.head_dim;
  const int queries = spec_.num_heads * size, keys = groups * size;
  if (!spec_.fused_by_group) return split(fused, Shape{queries, queries + keys}, -1);
  const int shared = spec_.num_heads / groups;
  std::vector<array> parts = split(unflatten(fused, 2, {groups, (shared + 2) * size}),
                                   Shape{shared * size, (shared + 1) * size}, -1);
  for (array& part : parts) part = flatten(part, 2, 3);
  return parts;
}

/// Queries, keys and values, as far as they are computed here: [B, T, H * D] of each.
std::vector<array> Attention::project(const array& x) const {
  std::vector<array> parts;
  if (fused_) {
    parts = cut((*fused_)(x));
  } else {
    parts.push_back((*query_)(x));
    if (key_) parts.push_back((*key_)(x));
    if (key_) parts.push_back(value_ ? (*value_)(x) : parts.back());
  }
  if (spec_.clip) {
    const array most(*spec_.clip, x.dtype());
    for (array& part : parts) part = clip(part, negative(most), most);
  }
  return parts;
}

array Attention::operator()(const array& x, Step& step) const {
  std::vector<array> parts = project(x);
  const int batch = x.shape(0), tokens = x.shape(1);
  std::optional<array> gate;
  if (spec_.output_gate) {
    const array both = reshape(parts[0], {batch, tokens, spec_.num_heads, 2 * spec_.head_dim});
    const std::vector<array> halves = split(both, 2, -1);
    parts[0] = flatten(halves[0], 2, 3);
    gate = flatten(halves[1], 2, 3);
  }
  array mixed = step.per_sequence(parts, [&](const std::vector<array>& own, size_t sequence) {
    return mix(own, step, sequence);
  });
  if (gate) mixed = multiply(mixed, sigmoid(*gate));
  if (output_norm_) mixed = (*output_norm_)(mixed);
  return output_(mixed);
}

/// One sequence, or a batch of them with a common past: [B, T, H * D] of each -> [B, T, H * D].
array Attention::mix(const std::vector<array>& parts, Step& step, size_t sequence) const {
  const int batch = parts[0].shape(0), tokens = parts[0].shape(1);
  const Step::Seen seen = this->seen(parts, step, sequence);
  array queries = heads(parts[0], spec_.num_heads, query_norm_, seen.offset);
  if (spec_.query_growth) {
    queries = multiply(queries,
                       growth_factors(*spec_.query_growth, seen.offset, tokens, queries.dtype()));
  }
  const AttentionMask& mask = step.masks().mask({.queries = tokens,
                                                 .keys = seen.keys.shape(2),
                                                 .offset = seen.offset,
                                                 .window = spec_.window,
                                                 .chunk = spec_.chunk});
  array mixed = spec_.score_softcap
                    ? soft_capped_attention(queries, seen.keys, seen.values, spec_.scale,
                                            *spec_.score_softcap, mask)
                    : fast::scaled_dot_product_attention(queries, seen.keys, seen.values,
                                                         spec_.scale, mask.mode, mask.keep, sinks_);
  if (tokens > 1) mixed = transpose(mixed, {0, 2, 1, 3});
  return reshape(mixed, {batch, tokens, spec_.num_heads * spec_.head_dim});
}

/// The keys and values that the queries of this step look at, and the position of the first query.
Step::Seen Attention::seen(const std::vector<array>& parts, Step& step, size_t sequence) const {
  if (spec_.attends_to_layer) return step.lent(*spec_.attends_to_layer, sequence);
  auto* cache = static_cast<KeyValueCache*>(step.cache(sequence));
  const int offset = cache ? cache->offset() : 0;
  const array keys = heads(parts[1], spec_.num_key_value_heads, key_norm_, offset);
  array values = split_heads(parts[2], spec_.num_key_value_heads);
  if (spec_.norms_values) values = fast::rms_norm(values, std::nullopt, spec_.norm.eps);
  Step::Seen seen{keys, values, offset};
  if (cache) std::tie(seen.keys, seen.values) = cache->update(keys, values);
  if (spec_.lends) step.lend(sequence, seen);
  return seen;
}

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const AttentionSpec& spec, int hidden_size) {
  return std::make_unique<Attention>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
