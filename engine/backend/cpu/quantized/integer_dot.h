#pragma once

#include "engine/backend/cpu/quantized/packed_matrix.h"

namespace quern::cpu {

/// Vectors of half-precision activations as integers, with one scale in each of the weight's
/// groups: of 16 bits, about as exact as they came, or of 8 bits. In the order in which the
/// instructions at hand unpack the weight, with their sums per group.
class IntegerVectors {
 public:
  struct Layout {
    size_t elements, scales, sums;  ///< of one vector, padded to whole steps and registers
  };

  /// One vector's activations, and where they go.
  struct Preparation {
    Code code;
    Dtype dtype;
    const void* x;
    size_t length, group_size;
    Layout layout;
    void* natural;  ///< room for the integers in their own order
    void* elements;
    float *scales, *sums;
  };

  /// Rows numbers[v] of x, which has dense rows of w.columns elements of float16 or bfloat16; rows
  /// 0, 1, ... when numbers is nullptr. may_be_bytes: whether 8 bits will do, where the machine
  /// multiplies these faster.
  IntegerVectors(const PackedMatrix& w, const void* x, Dtype dtype, const int64_t* numbers,
                 size_t count, bool may_be_bytes);

  const void* elements() const { return elements_.data(); }  ///< int8_t or int16_t
  size_t element_bytes() const { return are_bytes ? 1 : 2; }

  size_t count;
  bool are_bytes;
  size_t stride;  ///< from one vector's elements to the next one's; of its scales and sums:
  size_t scale_stride;
  size_t sum_stride;
  Scratch<float> scales;  ///< for each 32-bit lane of each step
  Scratch<float> sums;

 private:
  IntegerVectors(const PackedMatrix& w, const void* x, Dtype dtype, const int64_t* numbers,
                 size_t count, bool are_bytes, const Layout& layout);

  Scratch<char> elements_;
};

/// Whether integer_dot_rows knows the weight's encoding: its elements are whole fields of bytes, or
/// this machine has the instructions to make them so; and not more groups to a register than
/// scales.
bool has_integer_dot(const PackedMatrix& w);

/// packed_dot_rows with such vectors.
void integer_dot_rows(const PackedMatrix& w, RowRange rows, const IntegerVectors& x, float* scratch,
                      float* out, size_t out_stride);

}  // namespace quern::cpu
