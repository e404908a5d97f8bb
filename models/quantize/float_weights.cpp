#include "models/quantize/float_weights.h"

#include "engine/ops/cast.h"
#include "engine/ops/quantized.h"
#include "models/error.h"

namespace quern::models {

namespace {

constexpr std::string_view weight_ending = ".weight";
constexpr std::string_view kept_in_float32[] = {"e_score_correction_bias", "A_log"};

}  // namespace

std::string module_of_weight(const std::string& name) {
  return name.ends_with(weight_ending) ? name.substr(0, name.size() - weight_ending.size())
                                       : std::string();
}

array cast_weight(const std::string& name, const array& value, Dtype dtype) {
  for (const std::string_view ending : kept_in_float32) {
    if (name.ends_with(ending)) return value;
  }
  return issubdtype(value.dtype(), floating) ? astype(value, dtype) : value;
}

array dequantized_module(const Weights& weights, const Quantization& quantization,
                         const std::string& path, Dtype dtype) {
  const auto part = [&](const char* ending) {
    const auto found = weights.find(path + ending);
    return found == weights.end() ? std::nullopt : std::optional(found->second);
  };
  try {
    return dequantize(weights.at(path + ".weight"), weights.at(path + ".scales"), part(".biases"),
                      quantization.group_size, quantization.bits, quantization.mode,
                      part(".global_scale"), dtype);
  } catch (const std::invalid_argument& e) {
    throw ModelError(e.what() + (" in " + path),
                     "The weights do not belong to this config.json: download the model again.");
  }
}

Weights float_weights(Weights weights, const QuantizationConfig& quantization, Dtype dtype) {
  Weights out;
  for (const auto& [name, value] : weights) {
    const std::string module = name.substr(0, name.rfind('.'));
    if (!weights.contains(module + ".scales")) {
      out.emplace(name, cast_weight(name, value, dtype));
    } else if (const auto q = quantization.of(module); q && name == module + ".weight") {
      out.emplace(name, dequantized_module(weights, *q, module, dtype));
    } else if (name.ends_with(".bias")) {
      out.emplace(name, cast_weight(name, value, dtype));
    }
  }
  return out;
}

}  // namespace quern::models
