#include "models/decoder/attention.h"

#include "engine/ops/fast.h"
#include "engine/ops/shape.h"
#include "models/cache/key_value_cache.h"

namespace quern::models {

Attention::Attention(WeightReader& reader, const std::string& path, const AttentionSpec& spec,
                     int hidden_size)
    : spec_(spec),
      query_(reader, path + "." + spec.query, spec.num_heads * spec.head_dim, hidden_size,
             spec.query_bias),
      key_(reader, path + "." + spec.key, spec.num_key_value_heads * spec.head_dim, hidden_size,
           spec.key_bias),
      value_(reader, path + "." + spec.value, spec.num_key_value_heads * spec.head_dim, hidden_size,
             spec.value_bias),
      output_(reader, path + "." + spec.output, hidden_size, spec.num_heads * spec.head_dim,
              spec.output_bias) {
  if (spec.query_key_norm != AttentionSpec::QueryKeyNorm::none) {
    const bool per_head = spec.query_key_norm == AttentionSpec::QueryKeyNorm::per_head;
    const auto size = [&](int num_heads) { return (per_head ? 1 : num_heads) * spec.head_dim; };
    query_norm_.emplace(reader, path + "." + spec.query_norm, spec.norm, size(spec.num_heads));
    key_norm_.emplace(reader, path + "." + spec.key_norm, spec.norm,
                      size(spec.num_key_value_heads));
  }
  if (spec.rope) rope_.emplace(*spec.rope, spec.head_dim, reader.float_dtype());
}

std::unique_ptr<LayerCache> Attention::make_cache() const {
  return std::make_unique<KeyValueCache>(spec_.window);
}

/// [B, T, H * D] -> [B, H, T, D]. With a single token the axes are in the right order already.
array Attention::heads(const array& projected, int num_heads,
                       const std::optional<Norm>& norm) const {
  const bool norm_first = norm && spec_.query_key_norm == AttentionSpec::QueryKeyNorm::all_heads;
  const int batch = projected.shape(0), tokens = projected.shape(1);
  const Shape shape = tokens == 1 ? Shape{batch, num_heads, 1, spec_.head_dim}
                                  : Shape{batch, tokens, num_heads, spec_.head_dim};
  array split = reshape(norm_first ? (*norm)(projected) : projected, shape);
  if (norm && !norm_first) split = (*norm)(split);
  return tokens == 1 ? split : transpose(split, {0, 2, 1, 3});
}

array Attention::operator()(const array& x, LayerCache& cache, AttentionMasks& masks) const {
  const int batch = x.shape(0), tokens = x.shape(1), offset = cache.offset();
  array queries = heads(query_(x), spec_.num_heads, query_norm_);
  array keys = heads(key_(x), spec_.num_key_value_heads, key_norm_);
  if (rope_) {
    queries = (*rope_)(queries, offset);
    keys = (*rope_)(keys, offset);
  }
  const auto [seen_keys, seen_values] =
      cache.update(keys, heads(value_(x), spec_.num_key_value_heads, std::nullopt));
  const AttentionMask& mask = masks.mask(tokens, seen_keys.shape(2), spec_.window);
  array mixed = fast::scaled_dot_product_attention(queries, seen_keys, seen_values, spec_.scale,
                                                   mask.mode, mask.keep);
  if (tokens > 1) mixed = transpose(mixed, {0, 2, 1, 3});
  return output_(reshape(mixed, {batch, tokens, spec_.num_heads * spec_.head_dim}));
}

}  // namespace quern::models
