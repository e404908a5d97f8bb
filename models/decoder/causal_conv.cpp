#include "models/decoder/causal_conv.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/conv.h"
#include "engine/ops/creation.h"
#include "engine/ops/shape.h"

namespace quern::models {

CausalConv::CausalConv(WeightReader& reader, const std::string& path, int channels, int kernel,
                       bool bias)
    : channels_(channels),
      kernel_(kernel),
      weight_(reader.take(path + ".weight", {channels, kernel, 1})) {
  if (bias) bias_ = reader.take(path + ".bias", {channels});
}

std::pair<array, array> CausalConv::operator()(const array& x,
                                               const std::optional<array>& past) const {
  const int batch = x.shape(0), tokens = x.shape(1);
  const array before = past ? *past : zeros({batch, kernel_ - 1, channels_}, x.dtype());
  const array all = concatenate({before, x}, 1);
  const array mixed = conv1d(all, weight_, 1, 0, 1, channels_);
  // A copy, so that the few tokens do not keep the memory of all.
  const array next = copy(slice(all, {0, tokens, 0}, {batch, tokens + kernel_ - 1, channels_}));
  return {bias_ ? add(mixed, *bias_) : mixed, next};
}

WeightRule turns_conv(const std::string& name) {
  const auto turned = [](int channels_axis) {
    return [channels_axis](const array& weight) {
      const bool other = weight.ndim() == 3 && weight.shape(channels_axis) == 1;
      return other ? swapaxes(weight, 1, 2) : weight;
    };
  };
  return changes("." + name + ".weight", turned(1), turned(2));
}

}  // namespace quern::models
