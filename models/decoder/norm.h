#pragma once

#include <optional>
#include <string>

#include "models/decoder/norm_spec.h"
#include "models/weights/weight_reader.h"

namespace quern::models {

/// Normalisation over the last axis.
class Norm {
 public:
  /// Takes PATH.weight [size] unless the kind has none and, for a layer norm with bias, PATH.bias
  /// [size].
  Norm(WeightReader& reader, const std::string& path, const NormSpec& spec, int size);
  /// With a weight [groups, size]: one for each index of the last axis but one.
  Norm(WeightReader& reader, const std::string& path, const NormSpec& spec, int groups, int size);

  /// [..., size] -> the same shape and dtype.
  array operator()(const array& x) const;

 private:
  NormSpec spec_;
  std::optional<array> weight_;
  bool grouped_ = false;
  std::optional<array> bias_;
};

}  // namespace quern::models
