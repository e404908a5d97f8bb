#pragma once

#include <optional>
#include <string>

#include "models/weights/weight_reader.h"

namespace quern::models {

/// One matrix [out, in] for each expert, stacked. A product reads those that it names and no
/// others.
class ExpertMatrix {
 public:
  /// Takes PATH.weight [experts, out, in] and, when it is quantized, PATH.scales and PATH.biases,
  /// and PATH.bias [experts, out]. Throws ModelError when `in` is no multiple of the group size.
  ExpertMatrix(WeightReader& reader, const std::string& path, int experts, int out, int in,
               bool bias);

  /// x[i] @ W[experts[i]]^T (+ bias[experts[i]]) for each i, or with `rows` of x[rows[i]]. x: [N,
  /// in]; experts and rows: [M], integers -> [M, out], in x's dtype.
  array project(const array& x, const array& experts,
                const std::optional<array>& rows = std::nullopt) const;

 private:
  StoredWeight stored_;
  array transposed_;  ///< a view [experts, in, out], of floats only
  std::optional<array> bias_;
  LowRankUpdates updates_;
};

}  // namespace quern::models
