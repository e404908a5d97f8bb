#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/nn/module.h"
#include "models/adapters/adapter_layers.h"
#include "models/decoder/decoder.h"
#include "models/model_files.h"

namespace quern::models {

/// A model whose parameters are apart from it: the network is made anew around whatever parameters
/// it is given, real ones or those that a transform traces. Making it only builds graph.
class TrainableModel {
 public:
  /// compute: float32, or bfloat16 or float16 for mixed precision; parameters are float32 in any
  /// case. A model without weights is to be trained from scratch (config.kind full, all layers).
  ///
  /// Throws ModelError: what AdapterLayers throws; weights to train that are quantized.
  TrainableModel(ModelFiles files, const AdapterConfig& config, Dtype compute = float32);

  const ModelFiles& files() const { return files_; }
  const AdapterConfig& config() const { return config_; }
  /// The same choice in words that mlx-lm understands: keys without "*".
  const AdapterConfig& plain_config() const {
    return adapter_ ? adapter_->plain_config() : config_;
  }
  Dtype compute_dtype() const { return compute_; }
  bool is_from_scratch() const { return from_scratch_; }
  /// Weights that are not trained, in the compute dtype: copies where the files have another.
  const Weights& frozen() const { return frozen_; }

  /// How many numbers the model has (a quantized weight counts as the floats it stands for), and
  /// how many of all are trained.
  int64_t parameters() const;
  int64_t trained_parameters() const;

  /// What is trained, before the first step, float32: an adapter's parameters under mlx-lm's names,
  /// or the weights themselves.
  nn::Parameters initial(uint64_t seed) const;

  /// Begins with these instead. Throws ModelError unless they are all that is trained, by name and
  /// shape. source: where they come from, for messages.
  void start_from(const nn::Parameters& parameters, const std::string& source);

  /// The network with these parameters. training: with dropout.
  std::shared_ptr<const Decoder> decoder(const nn::Parameters& parameters, bool training) const;

  /// Logits of tokens [B, T] (or [1, N], one after the other, of sequences of these lengths) with
  /// these parameters: [B, T, vocab_size]. recompute: each layer's inner results are computed again
  /// for the gradient instead of kept.
  array logits(const nn::Parameters& parameters, const array& tokens,
               const std::vector<int>& packed_lengths, bool training, bool recompute) const;

  /// Logits of tokens [B, T] without the adapter, when it is one that is trained.
  array base_logits(const array& tokens) const;

 private:
  std::vector<std::string> trained_weights() const;
  void keep_in_compute_dtype();
  Weights weights_with(const nn::Parameters& parameters) const;
  UpdateSource updates_of(const nn::Parameters& parameters, bool training) const;
  array recomputed_layer(const nn::Parameters& parameters, const array& x, const Step& step,
                         const array& key, bool training) const;

  ModelFiles files_;
  AdapterConfig config_;
  Dtype compute_;
  bool from_scratch_;
  std::optional<nn::Parameters> start_;
  std::optional<AdapterLayers> adapter_;  ///< none: the weights themselves are trained
  Weights frozen_;                        ///< what is not trained, in the compute dtype
};

}  // namespace quern::models
