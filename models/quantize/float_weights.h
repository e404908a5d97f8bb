#pragma once

#include "models/config/quantization_config.h"
#include "models/weights/weights.h"

namespace quern::models {

/// The floats of a quantized module PATH, computed when needed.
array dequantized_module(const Weights& weights, const Quantization& quantization,
                         const std::string& path, Dtype dtype);

/// Replaces what quantized modules have by their floats, and casts all floats but those that models
/// keep in float32.
Weights float_weights(Weights weights, const QuantizationConfig& quantization, Dtype dtype);

/// The tensor in this dtype, when it is of floats and not one that models keep in float32 (a
/// router's correction, a state's decay).
array cast_weight(const std::string& name, const array& value, Dtype dtype);

/// "a.b.weight" as "a.b"; empty for another name.
std::string module_of_weight(const std::string& name);

}  // namespace quern::models
