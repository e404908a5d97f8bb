#pragma once

#include <string>

#include "models/weights/weight_reader.h"

namespace quern::models {

/// One matrix [out, in] for each head, stacked, floats or quantized.
class HeadMatrix {
 public:
  /// Takes PATH.weight [heads, out, in] and, when it is quantized, PATH.scales and PATH.biases.
  /// Throws ModelError when `in` is no multiple of the group size.
  HeadMatrix(WeightReader& reader, const std::string& path, int heads, int out, int in);

  /// Of matrices that are stored as one, [heads * rows, in]: the rows [begin, end) of each head.
  HeadMatrix(const StoredWeight& joined, int heads, int begin, int end);

  /// x @ W^T: [B, heads or 1, T, in] -> [B, heads, T, out], in x's dtype.
  array project(const array& x) const { return stored_.product(x, true); }
  /// x @ W: [B, heads or 1, T, out] -> [B, heads, T, in], in x's dtype.
  array project_back(const array& x) const { return stored_.product(x, false); }

 private:
  StoredWeight stored_;
};

}  // namespace quern::models
