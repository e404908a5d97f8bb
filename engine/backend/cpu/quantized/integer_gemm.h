#pragma once

#include "engine/backend/cpu/quantized/product.h"

namespace quern::cpu {

// Products of quantized weights with many rows of half-precision activations, which become integers
// of 8 bits: in each row one scale for each of the weight's groups. A group's sum of products is an
// exact integer, and is multiplied by the two scales; sums over groups are float32. They come out
// the same whatever instructions compute them.

/// Whether this machine has instructions for such products of so many rows that beat float32's, for
/// weights in this encoding.
bool has_integer_gemm(Code code, int64_t rows);

/// Computes the product, whose weight is transposed and whose x is of half precision, split over
/// the pool.
void integer_gemm(const Product& p);

}  // namespace quern::cpu
