#pragma once

#include <vector>

#include "engine/backend/cpu/quantized/packed_matrix.h"

namespace quern::cpu {

/// Some rows of a matrix times a packed one, written to some rows of an output.
///
/// Where x or the output is float32 the product is computed in it. Few rows of the other floats
/// become integers of 16 bits that share a scale in each of the weight's groups, which is about as
/// exact; several rows become such of 8 bits where this is allowed.
struct Product {
  PackedMatrix w;
  bool transpose;         ///< rows of w are columns of the second factor
  bool rounds_x;          ///< whether x may become integers of 8 bits
  const char* x;          ///< dense rows of depth() elements
  Dtype x_dtype;          ///< float32, float16 or bfloat16
  const int64_t* x_rows;  ///< numbers of the rows of x; nullptr for 0, 1, ...
  int64_t rows;
  char* out;                ///< dense rows of width() elements
  Dtype out_dtype;          ///< float32, float16 or bfloat16
  const int64_t* out_rows;  ///< as x_rows

  int64_t width() const { return transpose ? w.rows : w.columns; }
  int64_t depth() const { return transpose ? w.columns : w.rows; }
  const char* x_row(int64_t row) const {
    return x + (x_rows == nullptr ? row : x_rows[row]) * depth() * int64_t(x_dtype.size());
  }
  /// Elements [k, k + n) of a row of x as float32.
  void widen_x(int64_t row, int64_t k, int64_t n, float* out) const;
  /// Writes n elements of a row from `column` on.
  void store(int64_t row, int64_t column, const float* values, size_t n) const;
};

/// Runs products of matrices of one depth, split over the pool: those of a few rows all at a time
/// while each packed matrix streams by once, the others by blocks that are decoded in the cache.
void multiply(const std::vector<Product>& products);

/// a in row-major float32: its own memory when that is what it is.
array float32_rows(const array& a);

}  // namespace quern::cpu
