#include "models/decoder/transformer.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/error.h"

namespace quern::models {

namespace {

array scaled(const array& x, float scale) {
  return scale == 1.0f ? x : multiply(x, array(scale, x.dtype()));
}

/// Of a dotted name.
std::string parent_of(const std::string& name) { return name.substr(0, name.rfind('.')); }

}  // namespace

Transformer::Transformer(WeightReader& reader, const DecoderSpec& spec)
    : embedding_scale_(spec.embedding_scale),
      logit_scale_(spec.logit_scale),
      logit_softcap_(spec.logit_softcap),
      embedding_(
          WeightMatrix::load_table(reader, spec.embedding_name, spec.vocab_size, spec.hidden_size)),
      position_count_(spec.position_count),
      norm_(reader, spec.norm_name, spec.norm, spec.hidden_size) {
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    layers_.emplace_back(reader, fmt::format("{}.{}", spec.layers_name, i), spec.layers[i],
                         spec.hidden_size);
  }
  if (spec.position_embedding_name) {
    positions_ = WeightMatrix::load_table(reader, *spec.position_embedding_name,
                                          spec.position_count, spec.hidden_size);
  }
  if (spec.layer_inputs) {
    layer_inputs_.emplace(reader, parent_of(spec.embedding_name), *spec.layer_inputs,
                          int(spec.layers.size()), spec.hidden_size);
  }
  if (spec.altup) {
    streams_.emplace(reader, parent_of(spec.embedding_name), *spec.altup, spec.hidden_size);
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

array Transformer::embed(const array& tokens, const Step& step) const {
  const array x = scaled(embedding_.rows(tokens), embedding_scale_);
  if (!positions_) return x;
  std::vector<int32_t> places;
  for (size_t i = 0; i < step.sequences().size(); ++i) {
    const LayerCache* cache = step.cache(i, 0);
    const int first = cache ? cache->offset() : 0, end = first + step.sequences()[i].tokens;
    if (end > position_count_) {
      throw ModelError(fmt::format("[logits] position {} is asked for, but the model has {}",
                                   end - 1, position_count_),
                       "Shorten the text, or start a new conversation.");
    }
    for (int position = first; position < end; ++position) places.push_back(position);
  }
  return add(x, positions_->rows(array(places.begin(), {int(places.size())}, int32)));
}

array Transformer::head(const array& hidden) const {
  const array logits = scaled(head_ ? (*head_)(hidden) : embedding_.project(hidden), logit_scale_);
  if (!logit_softcap_) return logits;
  const array cap(*logit_softcap_, logits.dtype());
  return multiply(tanh(divide(logits, cap)), cap);
}

array Transformer::hidden(const array& tokens, Step& step) const {
  int count = 0;
  for (const Step::Sequence& sequence : step.sequences()) {
    count += sequence.tokens;
    if (sequence.cache && sequence.cache->size() != layers_.size()) {
      throw std::invalid_argument(fmt::format("[logits] a cache has {} layers, the model has {}",
                                              sequence.cache->size(), layers_.size()));
    }
  }
  if (tokens.ndim() != 2 || count == 0 || tokens.shape(1) != count) {
    throw std::invalid_argument(
        fmt::format("[logits] tokens of shape {} do not fit sequences of {} tokens in all",
                    to_string(tokens.shape()), count));
  }
  array x = embed(tokens, step);
  if (layer_inputs_) step.layer_inputs = (*layer_inputs_)(tokens, x);
  if (streams_) x = streams_->spread(x);
  for (size_t i = 0; i < layers_.size(); ++i) {
    step.layer = int(i);
    x = step.run_layer ? step.run_layer(layers_[i], x, step) : layers_[i](x, step);
  }
  return norm_(streams_ ? streams_->merge(x) : x);
}

}  // namespace quern::models
