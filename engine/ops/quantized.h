#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/array/array.h"

namespace quern {

// Weights of a few bits, quantized in groups along the last axis, in MLX's file layout. A row is
// one bit stream, lowest bits first, cut into little-endian uint32 words.
//
//   mode    group size   bits              an element is
//   affine  16, 32, 64*, 2, 3, 4*, 5, 6, 8 q * scale + bias, q an unsigned integer
//           128
//   mxfp4   32           4                 e2m1 * scale, the scale a power of two, 2^(byte - 127)
//   mxfp8   32           8                 e4m3 * scale, likewise
//   nvfp4   16           4                 e2m1 * scale, the scale an e4m3; times global_scale /
//   2688
//                                          when there is one
//
// (* the default). MLX has no affine groups of 16; GGUF has. A row fills whole words. e2m1 is 0,
// 0.5, 1, 1.5, 2, 3, 4 or 6 with a sign; fp8.h says what e4m3 is. Affine scales and biases are
// arrays in the weight's dtype; the scales of other modes are uint8, and they have no biases.
// global_scale is a float32 scalar, of nvfp4 alone.
//
// All functions throw std::invalid_argument, with the numbers, for a mode, group size, bit width,
// dtype or shape that does not fit. Packed weights and scales in bytes have no derivative: asking
// for one throws the same.

/// w: [..., N, K], a float of 16 or 32 bits, K a multiple of group_size and K * bits one of 32
/// -> {w_q: uint32 [..., N, K * bits / 32], scales: [..., N, K / group_size]}, and biases like the
/// scales in mode affine, where a group's edge of larger magnitude is kept exactly.
std::vector<array> quantize(const array& w, std::optional<int> group_size = std::nullopt,
                            std::optional<int> bits = std::nullopt,
                            const std::string& mode = "affine",
                            const std::optional<array>& global_scale = std::nullopt,
                            StreamOrDevice s = {});

/// The inverse: [..., N, K] in `dtype`, or else in the dtype that affine scales and biases promote
/// to, bfloat16 in other modes. Computed in float32 and rounded once.
array dequantize(const array& w, const array& scales,
                 const std::optional<array>& biases = std::nullopt,
                 std::optional<int> group_size = std::nullopt,
                 std::optional<int> bits = std::nullopt, const std::string& mode = "affine",
                 const std::optional<array>& global_scale = std::nullopt,
                 std::optional<Dtype> dtype = std::nullopt, StreamOrDevice s = {});

/// x @ W^T (transpose: x [..., M, K], W [..., N, K]) or x @ W (x [..., M, N], W [..., N, K]), where
/// W is what dequantize gives. The leading axes of x and w broadcast. The weight is never expanded
/// as a whole; products are summed in float32 and rounded once, to the dtype that x and affine
/// scales and biases promote to, or x's. x keeps its precision: where the result is of half
/// floats a few rows may become integers of 16 bits, with one scale in each row for each of the
/// weight's groups.
array quantized_matmul(array x, array w, array scales, std::optional<array> biases = std::nullopt,
                       bool transpose = true, std::optional<int> group_size = std::nullopt,
                       std::optional<int> bits = std::nullopt, const std::string& mode = "affine",
                       StreamOrDevice s = {});

/// quantized_matmul of chosen matrices: a mixture of experts. lhs_indices and rhs_indices are
/// integers that broadcast to one shape and count the matrices of x's and w's leading axes in
/// row-major order; without one, all of them in order, in the shape of those axes. Result:
/// [indices..., M, N] (transpose), the product of matrix lhs_indices[i] with matrix rhs_indices[i]
/// at i. sorted_indices promises that rhs_indices ascend. Throws std::out_of_range, when evaluated,
/// for an index beyond the matrices.
array gather_qmm(const array& x, const array& w, const array& scales,
                 const std::optional<array>& biases = std::nullopt,
                 std::optional<array> lhs_indices = std::nullopt,
                 std::optional<array> rhs_indices = std::nullopt, bool transpose = true,
                 std::optional<int> group_size = std::nullopt,
                 std::optional<int> bits = std::nullopt, const std::string& mode = "affine",
                 bool sorted_indices = false, StreamOrDevice s = {});

/// x @ W^T where x is quantized on the fly, in a mode of small floats, x [..., M, K] and W
/// [..., N, K]: a packed weight with its scales, or a float weight (no scales), which is quantized
/// on the fly too. The result has x's dtype. Its gradients with respect to what is quantized here
/// are those without rounding (straight-through).
array qqmm(array x, array w, std::optional<array> w_scales = std::nullopt,
           std::optional<int> group_size = std::nullopt, std::optional<int> bits = std::nullopt,
           const std::string& mode = "nvfp4",
           const std::optional<array>& global_scale_x = std::nullopt,
           const std::optional<array>& global_scale_w = std::nullopt, StreamOrDevice s = {});

/// gather_qmm of a packed weight with x quantized on the fly as by qqmm.
array gather_qqmm(array x, array w, array scales_w, std::optional<array> lhs_indices = std::nullopt,
                  std::optional<array> rhs_indices = std::nullopt,
                  std::optional<int> group_size = std::nullopt,
                  std::optional<int> bits = std::nullopt, const std::string& mode = "nvfp4",
                  const std::optional<array>& global_scale_x = std::nullopt,
                  const std::optional<array>& global_scale_w = std::nullopt,
                  bool sorted_indices = false, StreamOrDevice s = {});

}  // namespace quern
