#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/array/array.h"
#include "models/config/quantization_config.h"

namespace quern::models {

class WeightReader;

/// A weight [..., out, in] as the checkpoint stores it: floats, or quantized.
struct StoredWeight {
  /// Takes PATH.weight and, when it is quantized, PATH.scales, PATH.biases of mode affine and,
  /// where there is one, PATH.global_scale of mode nvfp4. dtype: of floats, scales and biases; none
  /// for the reader's. Throws ModelError when `in` is no multiple of the
  /// group size.
  static StoredWeight load(WeightReader& reader, const std::string& path, const Shape& shape,
                           std::optional<Dtype> dtype = std::nullopt);

  /// x @ W^T (transpose: x [..., in]) or x @ W (x [..., out]), in x's dtype; leading axes
  /// broadcast.
  array product(const array& x, bool transpose) const;
  /// x @ W^T for each of some weights, in order, which are read in one go.
  static std::vector<array> products(const array& x,
                                     const std::vector<const StoredWeight*>& weights);
  /// Whether products() takes these: matrices of one quantization whose activations may be rounded.
  static bool have_products(const std::vector<const StoredWeight*>& weights);

  array weight;  ///< [..., out, in], or packed [..., out, in * bits / 32]
  std::optional<Quantization> quantization = {};
  std::optional<array> scales = {};  ///< [..., out, in / group_size]
  std::optional<array> biases = {};  ///< likewise, of mode affine
  std::optional<array> factor =
      {};                           ///< float32 [], of the whole: of mode nvfp4, where there is one
  bool rounds_activations = false;  ///< the reader's
};

}  // namespace quern::models
