#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/backend/cpu/quantized/codes.h"
#include "engine/backend/cpu/scratch.h"

namespace quern::cpu {

/// A quantized weight where it lies: rows of `columns` elements, dense, as engine/ops/quantized.h
/// describes them. Nothing needs to be aligned: weights are read from files as they are mapped.
struct PackedMatrix {
  const uint8_t* packed;
  const uint8_t* scales;
  const uint8_t* biases;  ///< as the scales; nullptr for none
  Code code;
  ScaleKind scale_kind;
  int group_size;
  int64_t rows;
  int64_t columns;
  float factor = 1;  ///< of all scales; must be 1 where there are biases

  int64_t row_bytes() const { return columns * bits_of(code) / 8; }
  int64_t groups() const { return columns / group_size; }
  /// As many rows from row `first` on: of another matrix of the same batch.
  PackedMatrix from_row(int64_t first) const;
};

/// The arrays of a packed weight in row-major memory, and what they say: all its matrices as one.
/// Keeps the arrays.
class PackedWeight {
 public:
  /// parts: {w_q, scales} or {w_q, scales, biases}, evaluated. A part that is not row-major is
  /// copied.
  PackedWeight(const Quantization& quantization, const array* parts);

  const PackedMatrix& all() const { return all_; }
  /// One matrix of the leading axes.
  PackedMatrix matrix(int64_t index) const;
  int64_t matrix_rows() const { return matrix_rows_; }
  bool is_single() const { return all_.rows == matrix_rows_; }

 private:
  array packed_, scales_;
  std::optional<array> biases_;
  PackedMatrix all_;
  int64_t matrix_rows_;
};

/// Writes columns [column, column + count) of one row as float32; both are multiples of 16, and of
/// 32 where groups are longer than 16.
void decode_row(const PackedMatrix& w, int64_t row, int64_t column, int64_t count, float* out);

/// The most vectors for which packed_dot_rows beats decoding blocks for a matrix product.
inline constexpr int64_t packed_dot_most_vectors = 32;

/// Vectors in the order in which the instructions at hand unpack a weight, and their sums per
/// group where the weight has biases.
class PackedVectors {
 public:
  /// Rows numbers[v] of x, which has dense rows of w.columns floats; rows 0, 1, ... when numbers is
  /// nullptr.
  PackedVectors(const PackedMatrix& w, const float* x, const int64_t* numbers, size_t count);

  size_t count;
  size_t stride;      ///< floats from one vector to the next
  size_t sum_stride;  ///< the same for sums; padded with zeros to whole registers
  Scratch<float> elements;
  Scratch<float> sums;
};

/// Rows [first, first + count) of a matrix, which are read in one go; whoever does so goes on with
/// those up to `end`.
struct RowRange {
  int64_t first;
  size_t count;
  int64_t end;
};

/// out[v * out_stride + r] = the product of row first + r and vector v, for r < count, in float32.
/// Each row is read once. Runs on the calling thread. scratch: packed_dot_scratch(x) floats.
void packed_dot_rows(const PackedMatrix& w, RowRange rows, const PackedVectors& x, float* scratch,
                     float* out, size_t out_stride);

/// Floats that a thread needs besides, for scales and biases of a few rows.
template <typename Vectors>
size_t packed_dot_scratch(const Vectors& x) {
  return 8 * x.sum_stride;
}

}  // namespace quern::cpu
