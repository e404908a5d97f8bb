#include "models/decoder/transformer.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/shape.h"

namespace quern::models {

namespace {

array scaled(const array& x, float scale) {
  return scale == 1.0f ? x : multiply(x, array(scale, x.dtype()));
}

}  // namespace

Transformer::Transformer(WeightReader& reader, const DecoderSpec& spec)
    : embedding_scale_(spec.embedding_scale),
      logit_scale_(spec.logit_scale),
      embedding_(
          WeightMatrix::load(reader, spec.embedding_name, spec.vocab_size, spec.hidden_size)),
      norm_(reader, spec.norm_name, spec.norm, spec.hidden_size) {
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    layers_.emplace_back(reader, fmt::format("{}.{}", spec.layers_name, i), spec.layers[i],
                         spec.hidden_size);
  }
  std::vector<std::string> ignored = spec.ignored;
  if (spec.tied_head.value_or(!reader.has(spec.head_name + ".weight"))) {
    // Files of tied models may hold the embedding twice.
    for (const char* part : {".weight", ".scales", ".biases"})
      ignored.push_back(spec.head_name + part);
  } else {
    head_.emplace(reader, spec.head_name, spec.vocab_size, spec.hidden_size, spec.head_bias);
  }
  reader.finish(ignored);
}

Cache Transformer::make_cache() const {
  Cache cache;
  for (const Layer& layer : layers_) cache.push_back(layer.make_cache());
  return cache;
}

array Transformer::head(const array& x) const {
  return scaled(head_ ? (*head_)(x) : embedding_.project(x), logit_scale_);
}

array Transformer::logits(const array& tokens, Cache& cache, bool last_only) const {
  if (tokens.ndim() != 2 || tokens.shape(1) == 0 || cache.size() != layers_.size()) {
    throw std::invalid_argument(
        fmt::format("[logits] tokens of shape {} and a cache of {} layers do not fit: needed are "
                    "[B, T] and {} layers",
                    to_string(tokens.shape()), cache.size(), layers_.size()));
  }
  array x = scaled(embedding_.rows(tokens), embedding_scale_);
  AttentionMasks masks;
  for (size_t i = 0; i < layers_.size(); ++i) x = layers_[i](x, *cache[i], masks);
  if (const int count = x.shape(1); last_only && count > 1) {
    x = slice(x, {0, count - 1, 0}, {x.shape(0), count, x.shape(2)});
  }
  return head(norm_(x));
}

}  // namespace quern::models
