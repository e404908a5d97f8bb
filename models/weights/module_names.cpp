#include "models/weights/module_names.h"

namespace quern::models {

namespace {

constexpr std::string_view weight_ending = ".weight";

/// Calls f(path, weight) for each module that has scales.
template <typename F>
void for_each_quantized(const Weights& weights, F&& f) {
  for (const auto& [name, value] : weights) {
    if (!name.ends_with(weight_ending)) continue;
    const std::string path = name.substr(0, name.size() - weight_ending.size());
    if (weights.contains(path + ".scales")) f(path, value);
  }
}

/// Whether the tensors can be of this quantization: a word per 32 / bits elements, a scale per
/// group_size.
bool fits(const Quantization& q, const array& weight, const array& scales, bool has_biases) {
  if (weight.ndim() == 0 || scales.ndim() == 0) return false;
  return has_biases == (q.mode == "affine") &&
         int64_t(weight.shape(-1)) * 32 == int64_t(scales.shape(-1)) * q.group_size * q.bits;
}

}  // namespace

void ModuleNames::note(const Weights& weights) {
  for_each_quantized(weights, [&](const std::string& path, const array& weight) {
    noted_.push_back(weight);
    path_of_[weight.id()] = path;
  });
}

QuantizationConfig ModuleNames::resolve(const QuantizationConfig& config,
                                        const Weights& weights) const {
  QuantizationConfig out;
  out.global = config.global;
  out.foreign_method = config.foreign_method;
  for_each_quantized(weights, [&](const std::string& path, const array& weight) {
    const auto fitting = [&, &path = path, &weight = weight](const std::optional<Quantization>& q) {
      return q &&
             fits(*q, weight, weights.at(path + ".scales"), weights.contains(path + ".biases"));
    };
    const auto noted = path_of_.find(weight.id());
    std::optional<Quantization> found = config.of(noted == path_of_.end() ? path : noted->second);
    if (found && !fitting(found)) {
      if (fitting(config.global)) found = config.global;
      for (const auto& [name, q] : config.overrides) {
        if (!fitting(found) && fitting(q)) found = q;
      }
    }
    if (found != out.global) out.overrides[path] = found;
  });
  return out;
}

}  // namespace quern::models
