#include "models/adapters/merge.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>

#include "engine/graph/eval.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/matmul.h"
#include "engine/ops/quantized.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/adapters/adapter.h"
#include "models/error.h"
#include "models/quantize/float_weights.h"
#include "models/weights/conversion_watch.h"

namespace quern::models {

namespace {

struct Change {
  AdaptedModule adapted;
  float strength;
};

array row_lengths(const array& weight) { return sqrt(sum(square(weight), -1, true)); }

/// What one adapter makes of W [..., out, in], float32.
array changed(const array& weight, const Change& change) {
  const AdaptedModule& adapted = change.adapted;
  const array scale(change.strength * adapted.multiplier);
  const array difference =
      matmul(multiply(astype(adapted.up, float32), scale), astype(adapted.down, float32));
  const array sum = add(weight, difference);
  if (!adapted.magnitude) return sum;
  const array before = row_lengths(weight);
  const array magnitude = expand_dims(astype(*adapted.magnitude, float32), -1);
  const array wanted = add(before, multiply(subtract(magnitude, before), array(change.strength)));
  return multiply(sum, divide(wanted, maximum(row_lengths(sum), array(1e-12f))));
}

array merged(const array& weight, const std::vector<Change>& changes) {
  array out = changed(weight, changes.front());
  for (size_t i = 1; i < changes.size(); ++i)
    out = add(out, subtract(changed(weight, changes[i]), weight));
  return out;
}

/// One weight that adapters change, made anew each time so that nothing stays in memory.
class MergedWeight {
 public:
  MergedWeight(const ModelFiles& files, const std::string& path, std::vector<Change> changes)
      : weights_(parts_of(files, path)),
        path_(path),
        from_(weights_.contains(path + ".scales") ? files.config.quantization.of(path)
                                                  : std::nullopt),
        changes_(std::move(changes)) {}

  bool is_quantized() const { return from_.has_value(); }

  array before() const {
    return from_ ? dequantized_module(weights_, *from_, path_, float32)
                 : astype(weights_.at(path_ + ".weight"), float32);
  }
  array after() const { return merged(before(), changes_); }

  Quantization quantization() const {
    const bool unknown_to_mlx = (from_->mode == "affine" && from_->group_size == 16) ||
                                weights_.contains(path_ + ".global_scale");
    return unknown_to_mlx ? Quantization{32, 8, "affine"} : *from_;
  }
  std::vector<array> quantized() const {
    const Quantization to = quantization();
    std::vector<array> parts = quantize(after(), to.group_size, to.bits, to.mode);
    const Dtype scales = weights_.at(path_ + ".scales").dtype();
    for (size_t i = 1; i < parts.size(); ++i) {
      if (issubdtype(scales, floating)) parts[i] = astype(parts[i], scales);
    }
    return parts;
  }

 private:
  static Weights parts_of(const ModelFiles& files, const std::string& path) {
    Weights parts;
    for (const char* part : {".weight", ".scales", ".biases", ".global_scale"}) {
      const auto found = files.weights.find(path + part);
      if (found != files.weights.end()) parts.insert(*found);
    }
    return parts;
  }

  Weights weights_;
  std::string path_;
  std::optional<Quantization> from_;
  std::vector<Change> changes_;
};

/// Sums over weights that were quantized again.
struct Survival {
  double change = 0, along = 0, error = 0;

  void add(const MergedWeight& weight) {
    const std::vector<array> parts = weight.quantized();
    const Quantization q = weight.quantization();
    const array before = weight.before(), exact = weight.after();
    const array again =
        dequantize(parts[0], parts[1], parts.size() > 2 ? std::optional(parts[2]) : std::nullopt,
                   q.group_size, q.bits, q.mode, std::nullopt, float32);
    const array change_of = subtract(exact, before);
    array squares = sum(square(change_of)),
          products = sum(multiply(subtract(again, before), change_of)),
          errors = sum(square(subtract(again, exact)));
    eval(squares, products, errors);
    change += double(squares.item<float>());
    along += double(products.item<float>());
    error += double(errors.item<float>());
  }
};

std::map<std::string, std::vector<Change>> changes_by_path(
    const std::vector<Adapter>& adapters, const std::vector<AdapterInUse>& in_use) {
  std::map<std::string, std::vector<Change>> changes;
  for (size_t i = 0; i < adapters.size(); ++i) {
    const float strength = in_use[i].strength->get();
    if (strength == 0) continue;
    for (const AdaptedModule& adapted : adapters[i].modules())
      changes[adapted.module.path].push_back({adapted, strength});
  }
  return changes;
}

}  // namespace

std::vector<Adapter> load_adapters(const std::vector<AdapterInUse>& adapters, ModelFiles& files) {
  std::vector<Adapter> loaded;
  for (const AdapterInUse& adapter : adapters) {
    Adapter read = Adapter::load(adapter.folder, files);
    const float strength = adapter.strength->get();
    if (read.config().kind == AdapterConfig::Kind::full && strength != 1) {
      throw ModelError(fmt::format("[adapter] {}: is a full fine-tune, which cannot have the "
                                   "strength {}",
                                   adapter.folder.string(), strength),
                       "Use it with strength 1, or not at all.");
    }
    read.replace_weights(files);
    loaded.push_back(std::move(read));
  }
  return loaded;
}

MergeReport merge_adapters(const std::vector<AdapterInUse>& adapters, ModelFiles& files,
                           bool quantize, std::stop_token stop) {
  MergeReport report;
  Survival survival;
  const std::vector<Adapter> loaded = load_adapters(adapters, files);
  for (const Adapter& adapter : loaded) report.modules += int(adapter.weights().size());
  for (auto& [path, changes] : changes_by_path(loaded, adapters)) {
    if (stop.stop_requested()) throw ConversionStopped();
    ++report.modules;
    const MergedWeight weight(files, path, std::move(changes));
    for (const char* part : {".scales", ".biases", ".global_scale"})
      files.weights.erase(path + part);
    if (!quantize || !weight.is_quantized()) {
      files.weights.insert_or_assign(path + ".weight", weight.after());
      continue;
    }
    ++report.quantized;
    survival.add(weight);
    const std::vector<array> parts = weight.quantized();
    const char* endings[] = {".weight", ".scales", ".biases"};
    for (size_t i = 0; i < parts.size(); ++i)
      files.weights.insert_or_assign(path + endings[i], parts[i]);
    if (files.config.quantization.of(path) != weight.quantization())
      files.config.quantization.overrides[path] = weight.quantization();
  }
  if (survival.change > 0) {
    report.kept = survival.along / survival.change;
    report.error = std::sqrt(survival.error / survival.change);
  }
  return report;
}

}  // namespace quern::models
