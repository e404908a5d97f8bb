#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/adapters/adapted_module.h"
#include "models/adapters/adapter_config.h"
#include "models/adapters/adapter_layers.h"
#include "models/weights/weights.h"

namespace quern::models {

/// A fine-tune of a model as a file of its own: matrices of low rank for some of its modules, or
/// some weights as a whole.
class Adapter {
 public:
  /// Reads a folder that mlx-lm (adapters.safetensors) or PEFT (adapter_model.safetensors) wrote,
  /// each with an adapter_config.json; or another safetensors file in it, by its own path. files:
  /// of the model that it is for.
  ///
  /// Throws ModelError: no such files, damaged ones, what this program cannot honour (other kinds
  /// of adapters, trained biases), modules or tensors that the model does not have or has in
  /// another shape, a rank other than the config says.
  static Adapter load(const std::filesystem::path& folder, const ModelFiles& files);

  /// Of what a training found. Throws ModelError for a parameter that is missing or misshapen.
  Adapter(const AdapterLayers& layers, const nn::Parameters& parameters);
  /// A full fine-tune: weights under the decoder's names.
  Adapter(AdapterConfig config, Weights weights);

  /// rank and scale: the largest, where modules differ in theirs.
  const AdapterConfig& config() const { return config_; }
  const std::vector<AdaptedModule>& modules() const { return modules_; }
  const Weights& weights() const { return weights_; }  ///< of a full fine-tune

  /// For load_decoder. None of a full fine-tune.
  UpdateSource updates(const ModelFiles& files,
                       std::shared_ptr<const AdapterStrength> strength = nullptr) const;
  /// Puts a full fine-tune's weights in the places of the model's; does nothing for another kind.
  void replace_weights(ModelFiles& files) const;

  /// Writes adapter_config.json and adapters.safetensors as mlx-lm does. Where modules differ in
  /// rank and scale, the smaller ones are filled up with zeros and scaled: they compute the same.
  /// base: what the config calls the model. Each file appears whole or not at all. Throws
  /// ModelError when they cannot be written.
  void save_mlx(const std::filesystem::path& folder, const std::string& base = {}) const;
  /// The same as PEFT does: adapter_config.json and adapter_model.safetensors under Hugging Face's
  /// names. Throws ModelError for what has no place there: a full fine-tune, a module without a
  /// name of its own, DoRA of an embedding, an embedding that serves as the head.
  void save_peft(const std::filesystem::path& folder, const ModelFiles& files,
                 const std::string& base = {}) const;

 private:
  Adapter(AdapterConfig config, std::vector<AdaptedModule> modules);

  static Adapter load_mlx(const std::filesystem::path& config, const std::filesystem::path& tensors,
                          const ModelFiles& files);
  static Adapter load_peft(const std::filesystem::path& config,
                           const std::filesystem::path& tensors, const ModelFiles& files);

  AdapterConfig config_;
  std::vector<AdaptedModule> modules_;
  Weights weights_;
};

/// Updates of several sources, one after the other.
UpdateSource together(std::vector<UpdateSource> sources);

}  // namespace quern::models
