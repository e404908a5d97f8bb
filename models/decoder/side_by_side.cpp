#include "models/decoder/side_by_side.h"

#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "models/cache/cache_pair.h"

namespace quern::models {

PartSizes SideBySideSpec::sizes() const {
  PartSizes sizes = attention.sizes();
  const PartSizes other = mamba.sizes();
  sizes.activations_per_token = std::max(sizes.activations_per_token, other.activations_per_token);
  sizes.state = other.state;
  return sizes;
}

SideBySide::SideBySide(WeightReader& reader, const std::string& path, const SideBySideSpec& spec,
                       int hidden_size)
    : spec_(spec),
      mamba_(reader, path + "." + spec.mamba_name, spec.mamba, hidden_size),
      attention_(reader, path + "." + spec.attention_name, spec.attention, hidden_size) {}

std::unique_ptr<LayerCache> SideBySide::make_cache() const {
  return std::make_unique<CachePair>(mamba_.make_cache(), attention_.make_cache());
}

array SideBySide::operator()(const array& x, Step& step) const {
  step.half = 0;
  const array first = mamba_(x, step);
  step.half = 1;
  const array second = attention_(x, step);
  step.half.reset();
  if (spec_.attention_scale == 1.0f) return add(first, second);
  return add(first, multiply(second, array(spec_.attention_scale, second.dtype())));
}

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const SideBySideSpec& spec, int hidden_size) {
  return std::make_unique<SideBySide>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
