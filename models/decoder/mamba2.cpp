#include "models/decoder/mamba2.h"

#include <limits>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/fast.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/cache/recurrent_cache.h"
#include "models/decoder/activation.h"
#include "models/decoder/linear_recurrence.h"

namespace quern::models {

PartSizes Mamba2Spec::sizes() const {
  const auto inner = size_t(inner_size()), conv = size_t(conv_channels());
  return {5 * conv + 3 * inner + 4 * 64 * size_t(num_heads), 0, std::nullopt,
          size_t(kernel - 1) * conv + inner * size_t(state_size)};
}

Mamba2::Mamba2(WeightReader& reader, const std::string& path, const Mamba2Spec& spec,
               int hidden_size)
    : spec_(spec),
      input_(reader, path + ".in_proj", spec.inner_size() + spec.conv_channels() + spec.num_heads,
             hidden_size, spec.bias),
      output_(reader, path + ".out_proj", hidden_size, spec.inner_size(), spec.output_bias),
      conv_(reader, path + ".conv1d", spec.conv_channels(), spec.kernel, spec.conv_bias),
      decay_rates_(negative(exp(reader.take(path + ".A_log", {spec.num_heads}, float32)))),
      step_biases_(reader.take(path + ".dt_bias", {spec.num_heads}, float32)),
      skip_(reader.take(path + ".D", {spec.num_heads}, float32)) {
  if (spec.norm) norm_ = reader.take(path + ".norm.weight", {spec.inner_size()});
}

std::unique_ptr<LayerCache> Mamba2::make_cache() const {
  return std::make_unique<RecurrentCache>(
      std::vector<Shape>{conv_.past_shape(), {spec_.num_heads, spec_.state_size, spec_.head_dim}});
}

array Mamba2::operator()(const array& x, Step& step) const {
  const int inner = spec_.inner_size();
  const std::vector<array> parts =
      split(input_(x), Shape{inner, inner + spec_.conv_channels()}, -1);
  const array mixed =
      step.per_sequence({parts[1], parts[2]}, [&](const std::vector<array>& own, size_t sequence) {
        return mix(own, step.cache(sequence));
      });
  return output_(astype(gated(mixed, astype(parts[0], float32)), x.dtype()));
}

/// parts: what is convolved [B, T, conv_channels]; steps [B, T, num_heads]. -> [B, T, inner_size],
/// float32.
array Mamba2::mix(const std::vector<array>& parts, LayerCache* of_layer) const {
  auto* cache = static_cast<RecurrentCache*>(of_layer);
  const auto [convolved, past] = conv_(parts[0], cache ? cache->past(0) : std::nullopt);
  const array active = astype(activate(Activation::silu, convolved), float32);
  const int inner = spec_.inner_size(), group = spec_.num_groups * spec_.state_size;
  const std::vector<array> xbc = split(active, Shape{inner, inner + group}, -1);
  const array x = unflatten(xbc[0], 2, {spec_.num_heads, spec_.head_dim});
  const auto grouped = [&](const array& y) {
    return unflatten(y, 2, {spec_.num_groups, spec_.state_size});
  };
  array steps = logaddexp(add(astype(parts[1], float32), step_biases_), array(0.0f));
  if (spec_.min_step > 0) steps = maximum(steps, array(spec_.min_step));
  if (spec_.max_step < std::numeric_limits<float>::max())
    steps = minimum(steps, array(spec_.max_step));
  const Recurrence found =
      decayed_attention(grouped(xbc[2]), grouped(xbc[1]), multiply(expand_dims(steps, -1), x),
                        multiply(decay_rates_, steps), cache ? cache->past(1) : std::nullopt);
  if (cache) cache->update({past, found.state}, parts[0].shape(1));
  return flatten(add(found.outputs, multiply(expand_dims(skip_, -1), x)), 2, 3);
}

/// All float32.
array Mamba2::gated(const array& x, const array& gate) const {
  const array opening = activate(Activation::silu, gate);
  if (!norm_) return multiply(x, opening);
  const auto normed = [&](const array& y) {
    const array grouped = unflatten(y, 2, {spec_.norm->groups, -1});
    return multiply(flatten(fast::rms_norm(grouped, std::nullopt, spec_.norm->eps), 2, 3), *norm_);
  };
  return spec_.norm->before_gate ? multiply(normed(x), opening) : normed(multiply(x, opening));
}

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const Mamba2Spec& spec, int hidden_size) {
  return std::make_unique<Mamba2>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
