#include "models/decoder/short_conv.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/shape.h"
#include "models/cache/recurrent_cache.h"

namespace quern::models {

ShortConv::ShortConv(WeightReader& reader, const std::string& path, const ShortConvSpec& spec,
                     int hidden_size)
    : input_(reader, path + ".in_proj", 3 * spec.channels, hidden_size, spec.bias),
      output_(reader, path + ".out_proj", hidden_size, spec.channels, spec.bias),
      conv_(reader, path + ".conv", spec.channels, spec.kernel, spec.bias) {}

std::unique_ptr<LayerCache> ShortConv::make_cache() const {
  return std::make_unique<RecurrentCache>(std::vector<Shape>{conv_.past_shape()});
}

array ShortConv::operator()(const array& x, Step& step) const {
  const std::vector<array> parts = split(input_(x), 3, -1);
  const array mixed = step.per_sequence(
      {multiply(parts[0], parts[2])}, [&](const std::vector<array>& own, size_t sequence) {
        auto* cache = static_cast<RecurrentCache*>(step.cache(sequence));
        const auto [out, past] = conv_(own[0], cache ? cache->past(0) : std::nullopt);
        if (cache) cache->update({past}, own[0].shape(1));
        return out;
      });
  return output_(multiply(parts[1], mixed));
}

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const ShortConvSpec& spec, int hidden_size) {
  return std::make_unique<ShortConv>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
