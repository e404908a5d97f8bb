#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/weights/weight_reader.h"

namespace quern::models {

/// A matrix [out, in] as the checkpoint stores it: floats, or quantized and never expanded as a
/// whole. What adapters change of it is computed beside it.
class WeightMatrix {
 public:
  /// Takes PATH.weight and, when it is quantized, PATH.scales and PATH.biases. dtype: of its
  /// floats; none for the reader's. Throws ModelError when `in` is no multiple of the group size.
  static WeightMatrix load(WeightReader& reader, const std::string& path, int out, int in,
                           std::optional<Dtype> dtype = std::nullopt);
  /// The same for a table of embeddings, which adapters treat as one: [rows, dims].
  static WeightMatrix load_table(WeightReader& reader, const std::string& path, int rows, int dims);

  /// x @ W^T: [..., in] -> [..., out], in x's dtype.
  array project(const array& x) const;
  /// x @ W^T + bias, bias: [out].
  array project(const array& x, const array& bias) const;

  /// project(x, bias) of each of some matrices, or project(x) where there is no bias, in order.
  /// What can be is read in one go.
  struct Projection {
    const WeightMatrix* matrix;
    const array* bias;  ///< nullptr: none
  };
  static std::vector<array> project_all(const array& x, const std::vector<Projection>& projections);

  /// The rows with these indices: [...] int32 -> [..., in].
  array rows(const array& indices) const;

 private:
  WeightMatrix(WeightReader& reader, AdaptableModule module, std::optional<Dtype> dtype);

  array base_rows(const array& indices) const;

  StoredWeight stored_;
  Dtype float_dtype_;  ///< of the rows
  LowRankUpdates updates_;
};

}  // namespace quern::models
