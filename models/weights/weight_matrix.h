#pragma once

#include <optional>
#include <string>

#include "models/weights/weight_reader.h"

namespace quern::models {

/// A matrix [out, in], or one for each head, [H, out, in], as the checkpoint stores it: floats, or
/// quantized and never expanded as a whole.
class WeightMatrix {
 public:
  /// Takes PATH.weight and, when it is quantized, PATH.scales and PATH.biases. Throws ModelError
  /// when `in` is no multiple of the group size.
  static WeightMatrix load(WeightReader& reader, const std::string& path, int out, int in) {
    return load(reader, path, {out, in});
  }
  /// shape: [out, in] or [H, out, in].
  static WeightMatrix load(WeightReader& reader, const std::string& path, Shape shape);

  /// Of a matrix [H * size, in]: the rows [begin, end) of each head, as [H, end - begin, in].
  WeightMatrix rows_of_heads(int num_heads, int begin, int end) const;

  /// x @ W^T: [..., in] -> [..., out], in x's dtype. With heads: [B, H or 1, T, in] ->
  /// [B, H, T, out].
  array project(const array& x) const;
  /// x @ W^T + bias, bias: [out].
  array project(const array& x, const array& bias) const;

  /// x @ W: from `out` to `in`, else as project.
  array project_back(const array& x) const;

  /// The rows with these indices: [...] int32 -> [..., in].
  array rows(const array& indices) const;

 private:
  WeightMatrix(array weight, array transposed)
      : weight_(std::move(weight)), transposed_(std::move(transposed)) {}

  array multiplied(const array& x, bool transpose) const;

  array weight_;      ///< [..., out, in], or packed [..., out, in * bits / 32]
  array transposed_;  ///< a view, of floats only
  std::optional<Quantization> quantization_;
  std::optional<array> scales_;  ///< [..., out, in / group_size]
  std::optional<array> biases_;
  Dtype float_dtype_ = float32;  ///< of the rows
};

}  // namespace quern::models
