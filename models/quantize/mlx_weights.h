#pragma once

#include "models/config/quantization_config.h"
#include "models/quantize/module_plan.h"
#include "models/weights/checkpoint_writer.h"
#include "models/weights/weights.h"

namespace quern::models {

/// Weights as MLX stores them, nothing of it computed yet.
struct MlxWeights {
  OrderedTensors tensors;
  QuantizationConfig quantization;
  int64_t parameters = 0;
};

/// Quantizes, dequantizes or keeps each weight as ConvertOptions says. What MLX has no form for
/// (groups of 16, a scale of the whole tensor) becomes 8 bits in groups of 32.
MlxWeights mlx_weights(Weights weights, const QuantizationConfig& quantization,
                       const QuantizationPlan& plan, bool dequantize, Dtype dtype, int num_layers);

/// The `quantization` key of config.json; null when nothing is quantized.
nlohmann::json quantization_json(const QuantizationConfig& quantization);

}  // namespace quern::models
