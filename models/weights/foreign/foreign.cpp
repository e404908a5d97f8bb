#include "models/weights/foreign/foreign.h"

#include <string_view>
#include <utility>

namespace quern::models {

void read_foreign_quantization(const ConfigReader& config, QuantizationConfig& quantization,
                               Weights& weights) {
  using Read = void (*)(const ConfigReader&, QuantizationConfig&, Weights&);
  constexpr std::pair<std::string_view, Read> methods[] = {
      {"awq", read_awq},
      {"gptq", read_gptq},
      {"compressed-tensors", read_compressed_tensors},
      {"bitnet", read_bitnet},
  };
  const auto settings = config.object("quantization_config");
  for (const auto& [method, read] : methods) {
    if (settings && quantization.foreign_method == method) read(*settings, quantization, weights);
  }
  read_fp8(weights);
}

}  // namespace quern::models
