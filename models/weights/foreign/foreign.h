#pragma once

#include "models/config/config_reader.h"
#include "models/config/quantization_config.h"
#include "models/weights/weights.h"

namespace quern::models {

// Checkpoints that other programs quantized. Their integers and scales become ours, without loss
// wherever our forms can say them: rows of q * scale + bias ("affine"), with the scales and biases
// in float32, where a product of scale and zero point is exact. Nothing is computed before a weight
// is used; then its repacked form lives in memory beside the mapped file.

/// Turns the tensors of the quantization that `config` names into ours and says so in
/// `quantization`. e4m3 weights with scales are recognised without a config. Does nothing else for
/// a checkpoint that is not quantized, or by MLX.
///
/// Throws ModelError: a variant that cannot be computed with (and why), tensors that are missing or
/// do not fit together.
void read_foreign_quantization(const ConfigReader& config, QuantizationConfig& quantization,
                               Weights& weights);

/// AWQ ("gemm" layout): 4 bits, nibbles out of order.
void read_awq(const ConfigReader& settings, QuantizationConfig& quantization, Weights& weights);

/// GPTQ: 2, 3, 4 or 8 bits, packed along the input axis; without reordered inputs.
void read_gptq(const ConfigReader& settings, QuantizationConfig& quantization, Weights& weights);

/// compressed-tensors: packed integers of 4 or 8 bits, plain int8, nvfp4.
void read_compressed_tensors(const ConfigReader& settings, QuantizationConfig& quantization,
                             Weights& weights);

/// BitNet: -1, 0 or 1 times a scale of the whole matrix, four to a byte.
void read_bitnet(const ConfigReader& settings, QuantizationConfig& quantization, Weights& weights);

/// e4m3 times a scale for the tensor, each row or each block (`weight_scale_inv` or
/// `weight_scale`): becomes bfloat16, twice the file's size, when used. Nothing is lost but the
/// last rounding.
void read_fp8(Weights& weights);

}  // namespace quern::models
