#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/array/array.h"

namespace quern {

// Weights of a few bits, quantized in groups along the last axis, in MLX's file layout.
//
// Mode "affine": an element is q * scale + bias with one scale and bias per group of 32, 64
// (default) or 128 elements, and q an unsigned integer of 2, 3, 4 (default), 5, 6 or 8 bits. A row
// is one bit stream, lowest bits first, cut into little-endian uint32 words.
//
// All functions throw std::invalid_argument, with the numbers, for a mode, group size, bit width,
// dtype or shape that does not fit.

/// w: [..., N, K], a float of 16 or 32 bits, K a multiple of group_size
/// -> {w_q: uint32 [..., N, K * bits / 32], scales: [..., N, K / group_size], biases: like scales},
/// the latter two in w's dtype. A group's edge of larger magnitude is kept exactly. global_scale
/// belongs to other modes.
std::vector<array> quantize(const array& w, std::optional<int> group_size = std::nullopt,
                            std::optional<int> bits = std::nullopt,
                            const std::string& mode = "affine",
                            const std::optional<array>& global_scale = std::nullopt,
                            StreamOrDevice s = {});

/// The inverse: [..., N, K] in `dtype`, or else in the dtype that scales and biases promote to.
/// Computed in float32 and rounded once.
array dequantize(const array& w, const array& scales,
                 const std::optional<array>& biases = std::nullopt,
                 std::optional<int> group_size = std::nullopt,
                 std::optional<int> bits = std::nullopt, const std::string& mode = "affine",
                 const std::optional<array>& global_scale = std::nullopt,
                 std::optional<Dtype> dtype = std::nullopt, StreamOrDevice s = {});

/// x @ W^T (transpose: x [..., M, K], W [..., N, K]) or x @ W (x [..., M, N], W [..., N, K]), where
/// W is what dequantize gives. The leading axes of x and w broadcast. The weight is never expanded
/// as a whole; x stays as precise as it is, products are summed in float32 and rounded once, to the
/// dtype that x, scales and biases promote to.
array quantized_matmul(array x, array w, array scales, std::optional<array> biases = std::nullopt,
                       bool transpose = true, std::optional<int> group_size = std::nullopt,
                       std::optional<int> bits = std::nullopt, const std::string& mode = "affine",
                       StreamOrDevice s = {});

}  // namespace quern
