#pragma once

#include <memory>
#include <optional>
#include <string>

namespace quern::nn {

class Module;

/// How a layer's weights are quantized: as quern::quantize's parameters.
struct QuantizeOptions {
  std::optional<int> group_size;
  std::optional<int> bits;
  std::string mode = "affine";
  bool quantize_input = false;  ///< and its input, while it runs: modes nvfp4 and mxfp8
};

/// A layer that has a quantized form.
class Quantizable {
 public:
  virtual ~Quantizable() = default;
  /// Throws std::invalid_argument for options that the layer or its weight's shape does not allow.
  virtual std::shared_ptr<Module> to_quantized(const QuantizeOptions& options) const = 0;
};

}  // namespace quern::nn
