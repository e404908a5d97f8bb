#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/config/config_reader.h"

namespace quern::models {

/// How a weight is quantized: MLX's `quantization` key.
struct Quantization {
  int group_size = 64;
  int bits = 4;
  std::string mode = "affine";

  bool operator==(const Quantization&) const = default;
};

/// The `quantization` key as a whole.
struct QuantizationConfig {
  /// What a weight with scales has, unless an exception names its module.
  std::optional<Quantization> global;
  /// Module path to its own quantization, or none for "not quantized".
  std::map<std::string, std::optional<Quantization>> overrides;
  /// The quant_method of another program's quantization, which models/weights/foreign turns into
  /// ours; empty for MLX's own.
  std::string foreign_method;

  /// For a module that has scales.
  std::optional<Quantization> of(const std::string& module_path) const;
};

/// The modes that can be computed with.
std::vector<std::string> quantization_modes();

/// Values of quant_method that other programs write and this one reads.
std::vector<std::string> foreign_quantizations();

/// Reads `quantization` or else `quantization_config`. An exception without a mode is affine, one
/// whose group_size or bits is absent or null has the global one. Of another program's quantization
/// only the name is read. Throws ModelError: a mode, bits or group size that cannot be computed
/// with, or a quant_method that cannot be read.
QuantizationConfig read_quantization(const ConfigReader& config);

}  // namespace quern::models
