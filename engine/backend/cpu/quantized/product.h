#pragma once

#include <vector>

#include "engine/backend/cpu/quantized/packed_matrix.h"

namespace quern::cpu {

/// Some rows of a float32 matrix times a packed one, written to some rows of an output.
struct Product {
  PackedMatrix w;
  bool transpose;         ///< rows of w are columns of the second factor
  const float* x;         ///< dense rows of depth() floats
  const int64_t* x_rows;  ///< numbers of the rows of x; nullptr for 0, 1, ...
  int64_t rows;
  char* out;                ///< dense rows of width() elements
  Dtype out_dtype;          ///< float32, float16 or bfloat16
  const int64_t* out_rows;  ///< as x_rows

  int64_t width() const { return transpose ? w.rows : w.columns; }
  int64_t depth() const { return transpose ? w.columns : w.rows; }
  const float* x_row(int64_t row) const {
    return x + (x_rows == nullptr ? row : x_rows[row]) * depth();
  }
  /// Writes n elements of a row from `column` on.
  void store(int64_t row, int64_t column, const float* values, size_t n) const;
};

/// Runs products of matrices of one shape, split over the pool: those of a few rows all at a time
/// while each packed matrix streams by once, the others by blocks that are decoded in the cache.
void multiply(const std::vector<Product>& products);

/// a in row-major float32: its own memory when that is what it is.
array float32_rows(const array& a);

}  // namespace quern::cpu
