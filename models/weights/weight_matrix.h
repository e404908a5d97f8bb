#pragma once

#include <optional>
#include <string>

#include "models/weights/weight_reader.h"

namespace quern::models {

/// A matrix [out, in] as the checkpoint stores it: floats, or quantized and never expanded as a
/// whole.
class WeightMatrix {
 public:
  /// Takes PATH.weight and, when it is quantized, PATH.scales, PATH.biases of mode affine and,
  /// where there is one, PATH.global_scale of mode nvfp4. Throws ModelError when `in` is no
  /// multiple of the group size.
  static WeightMatrix load(WeightReader& reader, const std::string& path, int out, int in);

  /// x @ W^T: [..., in] -> [..., out], in x's dtype.
  array project(const array& x) const;
  /// x @ W^T + bias, bias: [out].
  array project(const array& x, const array& bias) const;

  /// The rows with these indices: [...] int32 -> [..., in].
  array rows(const array& indices) const;

 private:
  WeightMatrix(array weight, array transposed)
      : weight_(std::move(weight)), transposed_(std::move(transposed)) {}

  array weight_;      ///< [out, in], or packed [out, in * bits / 32]
  array transposed_;  ///< a view, of floats only
  std::optional<Quantization> quantization_;
  std::optional<array> scales_;  ///< [out, in / group_size]
  std::optional<array> biases_;
  std::optional<array> factor_;  ///< float32, of the whole matrix
  Dtype float_dtype_ = float32;  ///< of the rows
};

}  // namespace quern::models
