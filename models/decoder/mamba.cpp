#include "models/decoder/mamba.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/cache/recurrent_cache.h"
#include "models/decoder/activation.h"
#include "models/decoder/selective_scan.h"

namespace quern::models {

PartSizes MambaSpec::sizes() const {
  const auto inner = size_t(inner_size);
  return {8 * inner + 2 * size_t(state_size), 0, std::nullopt,
          (size_t(kernel - 1) + size_t(state_size)) * inner};
}

Mamba::Mamba(WeightReader& reader, const std::string& path, const MambaSpec& spec, int hidden_size)
    : spec_(spec),
      input_(reader, path + ".in_proj", 2 * spec.inner_size, hidden_size, spec.bias),
      parameters_(reader, path + ".x_proj", spec.step_rank + 2 * spec.state_size, spec.inner_size,
                  false),
      steps_(reader, path + ".dt_proj", spec.inner_size, spec.step_rank, true),
      output_(reader, path + ".out_proj", hidden_size, spec.inner_size, spec.bias),
      conv_(reader, path + ".conv1d", spec.inner_size, spec.kernel, spec.conv_bias),
      decay_rates_(negative(exp(
          transpose(reader.take(path + ".A_log", {spec.inner_size, spec.state_size}, float32))))),
      skip_(reader.take(path + ".D", {spec.inner_size}, float32)) {
  if (!spec.norm) return;
  step_norm_.emplace(reader, path + ".dt_layernorm", *spec.norm, spec.step_rank);
  b_norm_.emplace(reader, path + ".b_layernorm", *spec.norm, spec.state_size);
  c_norm_.emplace(reader, path + ".c_layernorm", *spec.norm, spec.state_size);
}

std::unique_ptr<LayerCache> Mamba::make_cache() const {
  return std::make_unique<RecurrentCache>(
      std::vector<Shape>{conv_.past_shape(), {spec_.state_size, spec_.inner_size}});
}

array Mamba::operator()(const array& x, Step& step) const {
  const std::vector<array> halves = split(input_(x), 2, -1);
  const array mixed =
      step.per_sequence({halves[0]}, [&](const std::vector<array>& own, size_t sequence) {
        return mix(own[0], step.cache(sequence));
      });
  return output_(multiply(mixed, activate(Activation::silu, halves[1])));
}

array Mamba::mix(const array& x, LayerCache* of_layer) const {
  auto* cache = static_cast<RecurrentCache*>(of_layer);
  const auto [convolved, past] = conv_(x, cache ? cache->past(0) : std::nullopt);
  const array active = activate(Activation::silu, convolved);
  const std::vector<array> parts =
      split(parameters_(active), Shape{spec_.step_rank, spec_.step_rank + spec_.state_size}, -1);
  const auto normed = [](const std::optional<Norm>& norm, const array& part) {
    return norm ? (*norm)(part) : part;
  };
  const auto as_float = [](const array& part) { return astype(part, float32); };
  const array wide = as_float(active);
  const array steps = logaddexp(as_float(steps_(normed(step_norm_, parts[0]))), array(0.0f));
  const SelectiveScan found =
      selective_scan(wide, steps, decay_rates_, as_float(normed(b_norm_, parts[1])),
                     as_float(normed(c_norm_, parts[2])), cache ? cache->past(1) : std::nullopt);
  if (cache) cache->update({past, found.state}, x.shape(1));
  return astype(add(found.outputs, multiply(skip_, wide)), x.dtype());
}

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const MambaSpec& spec, int hidden_size) {
  return std::make_unique<Mamba>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
