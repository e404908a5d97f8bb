#include "models/quantize/mlx_weights.h"

#include <fmt/format.h>

#include <map>

#include "engine/ops/quantized.h"
#include "models/error.h"
#include "models/quantize/float_weights.h"

namespace quern::models {

namespace {

using Json = nlohmann::json;

class Builder {
 public:
  Builder(const Weights& weights, const QuantizationConfig& quantization,
          const QuantizationPlan& plan, bool dequantize, Dtype dtype, int num_layers)
      : weights_(weights),
        quantization_(quantization),
        plan_(plan),
        dequantize_(dequantize),
        dtype_(dtype),
        num_layers_(num_layers) {}

  void add(const std::string& name, const array& value) {
    const std::string module = name.substr(0, name.rfind('.'));
    const bool quantized = weights_.contains(module + ".scales");
    if (name == module + ".weight") {
      const auto from = quantized ? quantization_.of(module) : std::nullopt;
      if (quantized && !from) {
        throw ModelError(
            fmt::format("[convert] {} has scales, but config.json does not say how it "
                        "is quantized",
                        module),
            "The weights do not belong to this config.json: download the model again.");
      }
      add_weight(module, value, from);
    } else if (!quantized || name.ends_with(".bias")) {
      emit(name, cast_weight(name, value, dtype_));
      out_.parameters += int64_t(value.size());
    }
  }

  MlxWeights finish() {
    // The quantization of most modules is the global one.
    size_t most = 0;
    for (const auto& [q, paths] : paths_of_) {
      if (paths.size() <= most) continue;
      most = paths.size();
      out_.quantization.global = paths.front().second;
    }
    for (const auto& [key, paths] : paths_of_) {
      for (const auto& [path, q] : paths) {
        if (q != out_.quantization.global) out_.quantization.overrides[path] = q;
      }
    }
    return std::move(out_);
  }

 private:
  std::optional<Quantization> wanted(const std::string& module, const array& value,
                                     const std::optional<Quantization>& from, int in) const {
    if (dequantize_) return std::nullopt;
    const bool planned = plan_.quantization || !plan_.recipe.empty();
    auto to = from;
    if (planned) {
      to = value.ndim() < 2 ? std::nullopt : quantization_of(plan_, module, in, num_layers_);
    } else if (!plan_.rules.empty()) {
      QuantizationPlan rules{from, "", plan_.rules};
      to = value.ndim() < 2 ? std::nullopt : quantization_of(rules, module, in, num_layers_);
    }
    const bool unknown_to_mlx = to && to == from &&
                                ((to->mode == "affine" && to->group_size == 16) ||
                                 weights_.contains(module + ".global_scale"));
    return unknown_to_mlx ? std::optional(Quantization{32, 8, "affine"}) : to;
  }

  void add_weight(const std::string& module, const array& value,
                  const std::optional<Quantization>& from) {
    const std::string name = module + ".weight";
    const int in = value.ndim() == 0 ? 1
                   : from            ? int(int64_t(value.shape(-1)) * 32 / from->bits)
                                     : value.shape(-1);
    out_.parameters += from ? int64_t(value.size()) * 32 / from->bits : int64_t(value.size());
    const bool is_float = from || issubdtype(value.dtype(), floating);
    const auto to = is_float ? wanted(module, value, from, in) : std::nullopt;
    if (to) {
      paths_of_[std::tuple(to->mode, to->bits, to->group_size)].emplace_back(module, *to);
    }
    if (to && to == from) {
      emit(name, value);
      for (const char* part : {".scales", ".biases"}) {
        const auto found = weights_.find(module + part);
        if (found != weights_.end())
          emit(found->first, cast_weight(found->first, found->second, dtype_));
      }
      return;
    }
    const array floats = from ? dequantized_module(weights_, *from, module, dtype_)
                              : cast_weight(name, value, dtype_);
    if (!to) return emit(name, floats);
    const auto parts = quantize(floats, to->group_size, to->bits, to->mode);
    emit(name, parts[0]);
    emit(module + ".scales", parts[1]);
    if (parts.size() == 3) emit(module + ".biases", parts[2]);
  }

  void emit(const std::string& name, const array& value) { out_.tensors.emplace_back(name, value); }

  const Weights& weights_;
  const QuantizationConfig& quantization_;
  const QuantizationPlan& plan_;
  const bool dequantize_;
  const Dtype dtype_;
  const int num_layers_;
  MlxWeights out_;
  std::map<std::tuple<std::string, int, int>, std::vector<std::pair<std::string, Quantization>>>
      paths_of_;
};

Json json_of(const Quantization& q) {
  return {{"group_size", q.group_size}, {"bits", q.bits}, {"mode", q.mode}};
}

}  // namespace

MlxWeights mlx_weights(Weights weights, const QuantizationConfig& quantization,
                       const QuantizationPlan& plan, bool dequantize, Dtype dtype, int num_layers) {
  Builder builder(weights, quantization, plan, dequantize, dtype, num_layers);
  for (const auto& [name, value] : weights) builder.add(name, value);
  return builder.finish();
}

Json quantization_json(const QuantizationConfig& quantization) {
  if (!quantization.global) return nullptr;
  Json json = json_of(*quantization.global);
  for (const auto& [path, q] : quantization.overrides) json[path] = q ? json_of(*q) : Json(false);
  return json;
}

}  // namespace quern::models
