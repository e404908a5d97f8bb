#pragma once

#include <optional>
#include <string>
#include <utility>

#include "models/weights/weight_reader.h"
#include "models/weights/weight_rule.h"

namespace quern::models {

/// A convolution over tokens, each channel by itself, in which a token sees itself and the few
/// before it.
class CausalConv {
 public:
  /// Takes PATH.weight [channels, kernel, 1] and, with `bias`, PATH.bias [channels].
  CausalConv(WeightReader& reader, const std::string& path, int channels, int kernel, bool bias);

  /// x: [B, T, channels]; past: [B, kernel - 1, channels], what came before; none: zeros. Returns
  /// what x becomes, and the past of the token after it.
  std::pair<array, array> operator()(const array& x, const std::optional<array>& past) const;

  Shape past_shape() const { return {kernel_ - 1, channels_}; }

 private:
  int channels_, kernel_;
  array weight_;
  std::optional<array> bias_;
};

/// Published weights of such convolutions are [channels, 1, kernel]. name: the convolution's.
WeightRule turns_conv(const std::string& name);

}  // namespace quern::models
