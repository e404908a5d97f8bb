#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/array/dtype.h"
#include "engine/backend/cpu/scratch.h"

namespace quern::cpu {

/// An affine-quantized weight where it lies: rows of `columns` elements of `bits` bits, dense, as
/// engine/ops/quantized.h describes them. Elements of a row and its groups' parameters are dense.
struct AffineMatrix {
  const uint8_t* packed;
  const void* scales;
  const void* biases;
  Dtype parameters;  ///< dtype of scales and biases: float32, float16 or bfloat16
  int bits;
  int group_size;
  int64_t rows;
  int64_t columns;

  int64_t row_bytes() const { return columns * bits / 8; }
  int64_t groups() const { return columns / group_size; }
  /// As many rows from row `first` on: of another matrix of the same batch.
  AffineMatrix from_row(int64_t first) const;
};

/// Writes columns [column, column + count) of one row as float32; both are multiples of 32.
void affine_decode_row(const AffineMatrix& w, int64_t row, int64_t column, int64_t count,
                       float* out);

/// The most vectors for which affine_dot_rows beats decoding blocks for a matrix product.
inline constexpr int64_t affine_dot_most_vectors = 12;

/// Vectors in the order in which the instructions at hand unpack a weight, and their sums per
/// group.
class AffineVectors {
 public:
  /// x: `count` dense vectors of w.columns floats.
  AffineVectors(const AffineMatrix& w, const float* x, size_t count);

  size_t count;
  size_t stride;      ///< floats from one vector to the next
  size_t sum_stride;  ///< the same for sums; padded with zeros to whole registers
  Scratch<float> elements;
  Scratch<float> sums;
};

/// out[v * out_stride + r] = the product of row first + r and vector v, for r < count, in float32.
/// Each row is read once. Runs on the calling thread.
void affine_dot_rows(const AffineMatrix& w, int64_t first, size_t count, const AffineVectors& x,
                     float* out, size_t out_stride);

}  // namespace quern::cpu
