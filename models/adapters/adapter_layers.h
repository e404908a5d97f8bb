#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/nn/module.h"
#include "models/adapters/adapter_config.h"
#include "models/model_files.h"
#include "models/weights/low_rank_update.h"

namespace quern::models {

/// Every weight of a model that an adapter can change, in the order in which a decoder takes them.
std::vector<AdaptableModule> adaptable_modules(const ModelFiles& files);

/// The same with how they are stored.
void visit_adaptable_weights(
    const ModelFiles& files,
    const std::function<void(const AdaptableModule&, const StoredWeight&)>& visit);

/// The modules of one model that a LoRA or DoRA adapter changes, and the parameters it has for
/// each: PATH.lora_a and PATH.lora_b, and PATH.m for DoRA, in mlx-lm's shapes and float32:
///   linear     lora_a [in, rank], lora_b [rank, out], m [out]
///   embedding  lora_a [vocab, rank], lora_b [rank, dims], m [vocab]
///   experts    lora_a [experts, rank, in], lora_b [experts, out, rank], m [experts, out]
class AdapterLayers {
 public:
  /// Throws ModelError: no module matches (each pattern without a match is named, with the nearest
  /// paths), more layers than the model has, 0 layers, a rank below 1, a dropout outside [0, 1).
  AdapterLayers(const ModelFiles& files, const AdapterConfig& config);

  const AdapterConfig& config() const { return config_; }
  /// The same choice in words that mlx-lm understands: keys without "*".
  const AdapterConfig& plain_config() const { return plain_config_; }
  const std::vector<AdaptableModule>& modules() const { return modules_; }

  /// Before training: lora_a uniform within 1/sqrt(in) (of an embedding: 1/sqrt(vocab)), lora_b
  /// zeros, m the rows' lengths, so that nothing is changed yet. key: as random::key makes it.
  nn::Parameters initial(const array& key) const;

  /// Updates of such parameters, for load_decoder. They may be what a transform traces.
  /// training: with the config's dropout. Throws ModelError for a parameter that is missing or
  /// misshapen.
  UpdateSource updates(const nn::Parameters& parameters, bool training = false,
                       std::shared_ptr<const AdapterStrength> strength = nullptr) const;

 private:
  AdapterConfig config_, plain_config_;
  std::vector<AdaptableModule> modules_;
  nn::Parameters squared_norms_;  ///< of DoRA's weights, by path, evaluated once
};

}  // namespace quern::models
