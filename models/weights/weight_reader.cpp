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

WeightReader::WeightReader(const Weights& weights, const QuantizationConfig& quantization,
                           Dtype float_dtype, std::string source)
    : weights_(weights),
      quantization_(quantization),
      float_dtype_(float_dtype),
      source_(std::move(source)) {}

array WeightReader::take(const std::string& name, const Shape& shape, std::optional<Dtype> dtype) {
  return astype(take_stored(name, shape, std::nullopt), dtype.value_or(float_dtype_));
}

array WeightReader::take_parameters(const std::string& name, const Shape& shape) {
  const array stored = take_stored(name, shape, std::nullopt);
  if (float_dtype_ == float32) return astype(stored, float32);
  // A half's range is enough for them, and float16 is the more precise.
  return stored.dtype() == bfloat16 ? stored : astype(stored, float16);
}

array WeightReader::take_as(Dtype dtype, const std::string& name, const Shape& shape) {
  return take_stored(name, shape, dtype);
}

/// dtype: none for any float.
array WeightReader::take_stored(const std::string& name, const Shape& shape,
                                std::optional<Dtype> dtype) {
  taken_.insert(name);
  const auto found = weights_.find(name);
  if (found == weights_.end() && initializer_ && !dtype) return initializer_(name, shape);
  const array zeros = broadcast_to(array(0.0f, dtype.value_or(float_dtype_)), shape);
  if (found == weights_.end()) {
    missing_.push_back(fmt::format("{} {}", name, to_string(shape)));
    return zeros;
  }
  const array& tensor = found->second;
  const bool right_type = dtype ? tensor.dtype() == *dtype : issubdtype(tensor.dtype(), floating);
  if (tensor.shape() != shape || !right_type) {
    misshapen_.push_back(fmt::format("{} is {} {}, needed is {} {}", name,
                                     dtype_name(tensor.dtype()), to_string(tensor.shape()),
                                     dtype ? dtype_name(*dtype) : "a float", to_string(shape)));
    return zeros;
  }
  return tensor;
}

std::optional<Quantization> WeightReader::quantization(const std::string& module_path) const {
  if (!has(module_path + ".scales")) return std::nullopt;
  const auto found = quantization_.of(module_path);
  if (!found) {
    throw ModelError(
        fmt::format("[weights] {}: {} is quantized, but config.json says {}", source_, module_path,
                    quantization_.global ? "that it is not" : "nothing of quantization"),
        "config.json does not belong to these weights: download the model again.");
  }
  return found;
}

LowRankUpdates WeightReader::updates(const AdaptableModule& module,
                                     const StoredWeight& weight) const {
  return update_source_ ? update_source_(module, weight) : LowRankUpdates();
}

void WeightReader::finish(const std::vector<std::string>& ignored) const {
  std::vector<std::string> extra;
  for (const auto& [name, tensor] : weights_) {
    const auto ends = [&, &name = name](const std::string& ending) {
      return name.ends_with(ending);
    };
    if (taken_.contains(name) || std::any_of(ignored.begin(), ignored.end(), ends)) continue;
    extra.push_back(fmt::format("{} {}", name, to_string(tensor.shape())));
  }
  const std::string problems = part(missing_, "missing") +
                               part(misshapen_, "of another shape or type") +
                               part(extra, "not part of this model");
  if (problems.empty()) return;
  throw ModelError(fmt::format("[weights] {}: {}", source_, problems.substr(2)),
                   "The weights do not belong to this config.json: download the model again.");
}

}  // namespace quern::models
