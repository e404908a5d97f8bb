#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/config/quantization_config.h"
#include "models/weights/weights.h"

namespace quern::models {

/// What a config calls quantized modules, followed through rules that rename them.
class ModuleNames {
 public:
  /// Notes the modules that have scales under the names they have now.
  void note(const Weights& weights);

  /// The quantization of every module that has scales, under the names they have by now: what the
  /// config says of it by its noted name; where it says nothing that fits the tensors (a module
  /// that rules made of several), the quantization of it that does.
  QuantizationConfig resolve(const QuantizationConfig& config, const Weights& weights) const;

 private:
  std::vector<array> noted_;  ///< keeps the arrays, so that no other gets the id of one
  std::map<std::uintptr_t, std::string> path_of_;
};

}  // namespace quern::models
