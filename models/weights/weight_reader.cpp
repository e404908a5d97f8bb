#include "models/weights/weight_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

namespace {

constexpr size_t shown_at_most = 5;

/// "2 tensors are missing: a, b", as one part of a message.
std::string part(const std::vector<std::string>& entries, const std::string& what) {
  if (entries.empty()) return {};
  const auto shown = std::min(entries.size(), shown_at_most);
  return fmt::format("; {} {} {}: {}{}", entries.size(),
                     entries.size() == 1 ? "tensor is" : "tensors are", what,
                     fmt::join(entries.begin(), entries.begin() + long(shown), ", "),
                     shown < entries.size() ? ", ..." : "");
}

}  // namespace

WeightReader::WeightReader(const Checkpoint& checkpoint, const QuantizationConfig& quantization,
                           Dtype float_dtype)
    : checkpoint_(checkpoint), quantization_(quantization), float_dtype_(float_dtype) {}

array WeightReader::take(const std::string& name, const Shape& shape) {
  return astype(take_stored(name, shape, false), float_dtype_);
}

array WeightReader::take_packed(const std::string& name, const Shape& shape) {
  return take_stored(name, shape, true);
}

array WeightReader::take_stored(const std::string& name, const Shape& shape, bool packed) {
  taken_.insert(name);
  const Checkpoint::Tensor* tensor = checkpoint_.find(name);
  const array zeros = broadcast_to(array(0.0f, packed ? uint32 : float_dtype_), shape);
  if (!tensor) {
    missing_.push_back(fmt::format("{} {}", name, to_string(shape)));
    return zeros;
  }
  const bool right_type = packed ? tensor->dtype == uint32 : issubdtype(tensor->dtype, floating);
  if (tensor->shape != shape || !right_type) {
    misshapen_.push_back(fmt::format("{} is {} {}, needed is {} {}", name, tensor->stored_type,
                                     to_string(tensor->shape), packed ? "U32" : "a float",
                                     to_string(shape)));
    return zeros;
  }
  return checkpoint_.load(name);
}

std::optional<Quantization> WeightReader::quantization(const std::string& module_path) const {
  if (!has(module_path + ".scales")) return std::nullopt;
  const auto found = quantization_.of(module_path);
  if (!found) {
    throw ModelError(
        fmt::format("[weights] {}: {} is quantized, but config.json says {}",
                    checkpoint_.folder().string(), module_path,
                    quantization_.global ? "that it is not" : "nothing of quantization"),
        "config.json does not belong to these weights: download the model again.");
  }
  return found;
}

void WeightReader::finish(const std::vector<std::string>& ignored) const {
  std::vector<std::string> extra;
  for (const std::string& name : checkpoint_.names()) {
    const bool ignorable =
        std::any_of(ignored.begin(), ignored.end(),
                    [&](const std::string& ending) { return name.ends_with(ending); });
    if (taken_.contains(name) || ignorable) continue;
    extra.push_back(fmt::format("{} {}", name, to_string(checkpoint_.find(name)->shape)));
  }
  const std::string problems = part(missing_, "missing") +
                               part(misshapen_, "of another shape or type") +
                               part(extra, "not part of this model");
  if (problems.empty()) return;
  throw ModelError(
      fmt::format("[weights] {}: {}", checkpoint_.folder().string(), problems.substr(2)),
      "The weights do not belong to this config.json: download the model again.");
}

}  // namespace quern::models
