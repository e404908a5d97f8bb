#include "models/decoder/attention.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/arithmetic.h"
#include "engine/ops/comparison.h"
#include "engine/ops/fast.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/cache/key_value_cache.h"
#include "models/decoder/attend.h"

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

/// Of tokens that follow one another.
Positions positions_of(int offset, int tokens) { return {array(offset, int32), offset + tokens}; }

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
  return std::make_unique<KeyValueCache>(spec_.window, spec_.chunk);
}

/// [B, T, H * D] -> [B, H, T, D]. With a single token the axes are in the right order already.
array Attention::split_heads(const array& projected, int num_heads) const {
  const int batch = projected.shape(0), tokens = projected.shape(1);
  if (tokens == 1) return reshape(projected, {batch, num_heads, 1, spec_.head_dim});
  return transpose(reshape(projected, {batch, tokens, num_heads, spec_.head_dim}), {0, 2, 1, 3});
}

/// [B, T, H * D] -> [B, H, T, D].
array Attention::value_heads(const array& projected) const {
  const array values = split_heads(projected, spec_.num_key_value_heads);
  return spec_.norms_values ? fast::rms_norm(values, std::nullopt, spec_.norm.eps) : values;
}

/// As split_heads, normalised and turned.
array Attention::heads(const array& projected, int num_heads, const std::optional<Norm>& norm,
                       const Positions& positions) const {
  array whole = projected;
  if (norm && spec_.query_key_norm == QueryKeyNorm::all_heads) whole = (*norm)(whole);
  if (norm && spec_.query_key_norm == QueryKeyNorm::own_per_head) {
    whole = flatten((*norm)(unflatten(whole, 2, {num_heads, spec_.head_dim})), 2, 3);
  }
  array split = split_heads(whole, num_heads);
  const bool per_head = norm && spec_.query_key_norm == QueryKeyNorm::per_head;
  if (per_head && !spec_.norm_after_rope) split = (*norm)(split);
  if (rope_) split = (*rope_)(split, positions);
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
    std::vector<const Linear*> layers = {&*query_};
    if (key_) layers.push_back(&*key_);
    if (value_) layers.push_back(&*value_);
    parts = Linear::apply_all(x, layers);
    if (key_ && !value_) parts.push_back(parts.back());
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
  const auto mix_own = [&](const std::vector<array>& own, size_t sequence) {
    return mix(own, step, sequence);
  };
  array mixed =
      mixes_together(step) ? mix_together(parts, step) : step.per_sequence(parts, mix_own);
  if (gate) mixed = multiply(mixed, sigmoid(*gate));
  if (output_norm_) mixed = (*output_norm_)(mixed);
  return output_(mixed);
}

/// One sequence, or a batch of them with a common past: [B, T, H * D] of each -> [B, T, H * D].
array Attention::mix(const std::vector<array>& parts, Step& step, size_t sequence) const {
  const int batch = parts[0].shape(0), tokens = parts[0].shape(1);
  const Step::Seen seen = this->seen(parts, step, sequence);
  array queries = heads(parts[0], spec_.num_heads, query_norm_, positions_of(seen.offset, tokens));
  if (spec_.query_growth) {
    queries = multiply(queries,
                       growth_factors(*spec_.query_growth, seen.offset, tokens, queries.dtype()));
  }
  const AttentionMask& mask = step.masks().mask({.queries = tokens,
                                                 .keys = seen.tokens.count(),
                                                 .offset = seen.offset,
                                                 .window = spec_.window,
                                                 .chunk = spec_.chunk});
  array mixed = attend(queries, seen.tokens, {spec_.scale, spec_.score_softcap, sinks_}, mask);
  if (tokens > 1) mixed = transpose(mixed, {0, 2, 1, 3});
  return reshape(mixed, {batch, tokens, spec_.num_heads * spec_.head_dim});
}

/// The keys and values that the queries of this step look at, and the position of the first query.
Step::Seen Attention::seen(const std::vector<array>& parts, Step& step, size_t sequence) const {
  if (spec_.attends_to_layer) return step.lent(*spec_.attends_to_layer, sequence);
  auto* cache = static_cast<KeyValueCache*>(step.cache(sequence));
  const int offset = cache ? cache->offset() : 0, tokens = parts[0].shape(1);
  const array keys =
      heads(parts[1], spec_.num_key_value_heads, key_norm_, positions_of(offset, tokens));
  const array values = value_heads(parts[2]);
  const Step::Seen seen{cache ? cache->append(keys, values)
                              : SeenTokens{TokenRows(keys), TokenRows(values), 0, tokens},
                        offset};
  if (spec_.lends) step.lend(sequence, seen);
  return seen;
}

/// Whether every sequence has a single token, as answers have, and nothing about these needs them
/// apart.
bool Attention::mixes_together(const Step& step) const {
  const auto& sequences = step.sequences();
  return sequences.size() > 1 && !spec_.attends_to_layer && !spec_.lends && !spec_.query_growth &&
         !(rope_ && rope_->depends_on_length()) &&
         std::all_of(sequences.begin(), sequences.end(),
                     [](const Step::Sequence& s) { return s.cache && s.tokens == 1; });
}

/// One token of each of N sequences: [1, N, H * D] of each -> [1, N, H * D].
array Attention::mix_together(const std::vector<array>& parts, Step& step) const {
  const size_t sequences = step.sequences().size();
  const int count = int(sequences);
  const auto one_each = [&](const array& part) { return reshape(part, {count, 1, part.shape(2)}); };
  std::vector<KeyValueCache*> caches;
  std::vector<int> offsets;
  for (size_t i = 0; i < sequences; ++i) {
    caches.push_back(static_cast<KeyValueCache*>(step.cache(i)));
    offsets.push_back(caches.back()->offset());
  }
  const Positions positions{array(offsets.begin(), {count}, int32),
                            1 + *std::max_element(offsets.begin(), offsets.end())};
  const array queries = heads(one_each(parts[0]), spec_.num_heads, query_norm_, positions);
  const array keys = heads(one_each(parts[1]), spec_.num_key_value_heads, key_norm_, positions);
  const array values = value_heads(one_each(parts[2]));
  std::vector<SeenTokens> seen;
  for (size_t i = 0; i < sequences; ++i)
    seen.push_back(caches[i]->append(element_of(keys, i), element_of(values, i)));
  const array mixed = attend_each(queries, seen, {spec_.scale, spec_.score_softcap, sinks_});
  return reshape(mixed, {1, count, spec_.num_heads * spec_.head_dim});
}

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const AttentionSpec& spec, int hidden_size) {
  return std::make_unique<Attention>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
