#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "models/config/quantization_config.h"
#include "models/weights/low_rank_update.h"
#include "models/weights/weights.h"

namespace quern::models {

/// Binds tensors to the places of a model, strictly: every tensor a place asks for
/// must be there with the right shape, and every tensor there must be asked for.
///
/// What is wrong is collected, so that one message can say all of it; until finish() a place that
/// asked for a tensor that is missing or misshapen holds zeros.
class WeightReader {
 public:
  /// float_dtype: what floating-point tensors are cast to. The cast happens when first computed
  /// with. source: where the weights come from, for messages.
  WeightReader(const Weights& weights, const QuantizationConfig& quantization, Dtype float_dtype,
               std::string source);

  Dtype float_dtype() const { return float_dtype_; }

  /// Who is asked for a tensor of floats that is not there, instead of the model being called
  /// incomplete: how a model that is to be trained from scratch gets its weights.
  using Initializer = std::function<array(const std::string& name, const Shape& shape)>;
  void set_initializer(Initializer initializer) { initializer_ = std::move(initializer); }

  /// Who is asked for the updates to adaptable weights; nobody at first.
  void set_update_source(UpdateSource source) { update_source_ = std::move(source); }
  LowRankUpdates updates(const AdaptableModule& module, const StoredWeight& weight) const;

  /// Whether products with quantized weights may round what they are multiplied with
  /// (fast::quantized_matmul); not at first.
  void set_rounds_activations(bool rounds) { rounds_activations_ = rounds; }
  bool rounds_activations() const { return rounds_activations_; }

  bool has(const std::string& name) const { return weights_.contains(name); }

  /// A floating-point tensor. dtype: what it is cast to, when that is not float_dtype().
  array take(const std::string& name, const Shape& shape,
             std::optional<Dtype> dtype = std::nullopt);
  /// Scales or biases of an affine weight: in their own dtype when that is a half, for rounding
  /// them to another one would cost accuracy, else in one of float_dtype()'s size.
  array take_parameters(const std::string& name, const Shape& shape);
  /// A tensor of another dtype, as it is: packed bits are uint32, scales of the fp4 and fp8 modes
  /// uint8.
  array take_as(Dtype dtype, const std::string& name, const Shape& shape);

  /// How the module's weight is stored: none when it has no scales. Throws ModelError when it has
  /// some and the config says nothing of quantization, or says that this module has none.
  std::optional<Quantization> quantization(const std::string& module_path) const;

  /// Throws ModelError when tensors were missing or misshapen or remain, other than those whose
  /// name ends with one of `ignored`: the first few with their shapes, and the count.
  void finish(const std::vector<std::string>& ignored) const;

 private:
  array take_stored(const std::string& name, const Shape& shape, std::optional<Dtype> dtype);

  const Weights& weights_;
  const QuantizationConfig& quantization_;
  Dtype float_dtype_;
  std::string source_;
  UpdateSource update_source_;
  bool rounds_activations_ = false;
  Initializer initializer_;
  std::set<std::string> taken_;
  std::vector<std::string> missing_;
  std::vector<std::string> misshapen_;
};

}  // namespace quern::models
