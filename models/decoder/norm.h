#pragma once

#include <optional>
#include <string>

#include "models/decoder/decoder_spec.h"
#include "models/weights/weight_reader.h"

namespace quern::models {

/// Normalisation over the last axis.
class Norm {
 public:
  /// Takes PATH.weight [size] and, for a layer norm with bias, PATH.bias [size].
  Norm(WeightReader& reader, const std::string& path, const NormSpec& spec, int size);

  /// [..., size] -> the same shape and dtype.
  array operator()(const array& x) const;

 private:
  NormSpec spec_;
  array weight_;
  std::optional<array> bias_;
};

}  // namespace quern::models
