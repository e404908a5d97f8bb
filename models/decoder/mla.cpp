#include "models/decoder/mla.h"

#include "engine/ops/fast.h"
#include "engine/ops/shape.h"
#include "models/cache/key_value_cache.h"

namespace quern::models {

namespace {

/// The elements [begin, end) of the last axis.
array elements(const array& x, int begin, int end) {
  Shape from(x.ndim(), 0), to = x.shape();
  from.back() = begin;
  to.back() = end;
  return slice(x, from, to);
}

}  // namespace

PartSizes MlaSpec::sizes() const {
  const auto head = size_t(plain_dim + rope.dims), heads = size_t(num_heads);
  const auto kept = size_t(latent_rank + rope.dims);
  return {heads * (4 * head + 2 * size_t(value_dim)) + 2 * kept, kept, std::nullopt, 0};
}

Mla::Mla(WeightReader& reader, const std::string& path, const MlaSpec& spec, int hidden_size)
    : spec_(spec),
      latent_(reader, path + ".kv_a_proj_with_mqa", spec.latent_rank + spec.rope.dims, hidden_size,
              spec.bias),
      latent_norm_(reader, path + ".kv_a_layernorm", spec.norm, spec.latent_rank),
      output_(reader, path + ".o_proj", hidden_size, spec.num_heads * spec.value_dim, spec.bias),
      rope_(spec.rope, spec.rope.dims, reader.float_dtype()) {
  const int query_size = spec.num_heads * (spec.plain_dim + spec.rope.dims);
  if (spec.query_rank) {
    query_down_.emplace(reader, path + ".q_a_proj", *spec.query_rank, hidden_size, spec.bias);
    query_norm_.emplace(reader, path + ".q_a_layernorm", spec.norm, *spec.query_rank);
    query_up_.emplace(reader, path + ".q_b_proj", query_size, *spec.query_rank, false);
  } else {
    query_.emplace(reader, path + ".q_proj", query_size, hidden_size, false);
  }
  const int head_size = spec.plain_dim + spec.value_dim;
  if (reader.has(path + ".kv_b_proj.weight")) {
    const auto both = StoredWeight::load(reader, path + ".kv_b_proj",
                                         {spec.num_heads * head_size, spec.latent_rank});
    latent_to_key_.emplace(both, spec.num_heads, 0, spec.plain_dim);
    latent_to_value_.emplace(both, spec.num_heads, spec.plain_dim, head_size);
  } else {
    query_to_latent_.emplace(reader, path + ".embed_q", spec.num_heads, spec.latent_rank,
                             spec.plain_dim);
    latent_to_value_.emplace(reader, path + ".unembed_out", spec.num_heads, spec.value_dim,
                             spec.latent_rank);
  }
}

std::unique_ptr<LayerCache> Mla::make_cache() const { return std::make_unique<KeyValueCache>(); }

array Mla::operator()(const array& x, Step& step) const {
  const array queries = query_ ? (*query_)(x) : (*query_up_)((*query_norm_)((*query_down_)(x)));
  const array mixed =
      step.per_sequence({queries, latent_(x)}, [&](const std::vector<array>& own, size_t sequence) {
        return mix(own[0], own[1], step, sequence);
      });
  return output_(mixed);
}

/// One sequence, or a batch of them with a common past: [B, T, H * (plain + turning)] and
/// [B, T, latent_rank + turning] -> [B, T, H * value_dim].
array Mla::mix(const array& queries, const array& latents, Step& step, size_t sequence) const {
  const int batch = queries.shape(0), tokens = queries.shape(1);
  const int rank = spec_.latent_rank, head_dim = spec_.plain_dim + spec_.rope.dims;
  auto* cache = static_cast<KeyValueCache*>(step.cache(sequence));
  const int offset = cache ? cache->offset() : 0;

  const array heads =
      transpose(reshape(queries, {batch, tokens, spec_.num_heads, head_dim}), {0, 2, 1, 3});
  const array plain = elements(heads, 0, spec_.plain_dim);
  const array turning = rope_(elements(heads, spec_.plain_dim, head_dim), offset);

  const array own = expand_dims(latents, 1);
  array seen = concatenate({latent_norm_(elements(own, 0, rank)),
                            rope_(elements(own, rank, rank + spec_.rope.dims), offset)},
                           -1);
  // A latent serves as key and as value: the cache's values are empty.
  if (cache) seen = cache->update(seen, elements(seen, 0, 0)).first;

  const AttentionMask& mask =
      step.masks().mask({.queries = tokens, .keys = seen.shape(2), .offset = offset});
  // Multiplications of a head, in both ways.
  const int64_t T = tokens, S = seen.shape(2),
                projected = rank * (spec_.plain_dim + spec_.value_dim);
  const int64_t with_latents = T * projected + T * S * (2 * rank + spec_.rope.dims);
  const int64_t with_keys = S * projected + T * S * (head_dim + spec_.value_dim);
  const array mixed = with_latents < with_keys ? meet_latents(plain, turning, seen, mask)
                                               : meet_keys(plain, turning, seen, mask);
  return reshape(transpose(mixed, {0, 2, 1, 3}),
                 {batch, tokens, spec_.num_heads * spec_.value_dim});
}

array Mla::meet_latents(const array& plain, const array& turning, const array& seen,
                        const AttentionMask& mask) const {
  const array mixed = fast::scaled_dot_product_attention(
      concatenate({to_latent(plain), turning}, -1), seen, elements(seen, 0, spec_.latent_rank),
      spec_.scale, mask.mode, mask.keep);
  return latent_to_value_->project(mixed);
}

array Mla::meet_keys(const array& plain, const array& turning, const array& seen,
                     const AttentionMask& mask) const {
  const int rank = spec_.latent_rank, turning_dim = spec_.rope.dims;
  const array latents = elements(seen, 0, rank);
  const array shared = broadcast_to(elements(seen, rank, rank + turning_dim),
                                    {seen.shape(0), spec_.num_heads, seen.shape(2), turning_dim});
  return fast::scaled_dot_product_attention(
      concatenate({plain, turning}, -1), concatenate({to_keys(latents), shared}, -1),
      latent_to_value_->project(latents), spec_.scale, mask.mode, mask.keep);
}

/// [B, H, T, plain_dim] -> [B, H, T, latent_rank].
array Mla::to_latent(const array& queries) const {
  return query_to_latent_ ? query_to_latent_->project(queries)
                          : latent_to_key_->project_back(queries);
}

/// [B, 1, S, latent_rank] -> [B, H, S, plain_dim].
array Mla::to_keys(const array& latents) const {
  return latent_to_key_ ? latent_to_key_->project(latents)
                        : query_to_latent_->project_back(latents);
}

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const MlaSpec& spec, int hidden_size) {
  return std::make_unique<Mla>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
