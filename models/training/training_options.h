#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/array/dtype.h"
#include "models/adapters/adapter_config.h"

namespace quern::models {

/// How a model is trained. Names and meanings follow mlx-lm's configuration where it has them.
struct TrainingOptions {
  /// What the model is trained for.
  enum class Objective {
    tokens,  ///< to say the supervised tokens: cross entropy
    dpo,     ///< to prefer chosen answers to rejected ones (Rafailov et al. 2023)
    orpo,    ///< ... and to say them, without a reference (Hong et al. 2024)
  };
  Objective objective = Objective::tokens;
  float beta = 0.1f;  ///< of dpo: how near it stays to the reference; of orpo: the weight of odds

  /// Unlike mlx-lm's, of all layers unless told otherwise.
  AdapterConfig adapter = {.num_layers = -1};

  int batch_size = 4;               ///< rows, or with packing rows' worth of max_seq_length tokens
  int max_seq_length = 2048;        ///< tokens of a sequence
  int grad_accumulation_steps = 1;  ///< batches per step, weighted by their tokens

  /// Steps, or with `epochs` as many as go through the data so often. Whichever of the two is set
  /// without the other replaces it.
  int iters = 1000;
  std::optional<double> epochs = {};

  std::string optimizer = "adam";                              ///< one of optimizer_names()
  nlohmann::json optimizer_config = nlohmann::json::object();  ///< its constructor's arguments
  double learning_rate = 1e-5;
  /// {"name", "arguments", "warmup", "warmup_init"}, in place of the learning rate; null: none. A
  /// decay whose number of steps is left out or null takes all steps after the warm-up.
  nlohmann::json lr_schedule = nullptr;

  double max_grad_norm = 1.0;    ///< gradients are scaled down to this norm; 0: never
  bool grad_checkpoint = false;  ///< less memory, about a third more time
  Dtype compute = float32;       ///< or bfloat16 or float16: mixed precision

  int steps_per_report = 1;
  int steps_per_eval = 200;  ///< and before the first step and after the last; 0: never
  int val_batches = 25;      ///< at most so many of the held-out set, from 1; -1: all
  int save_every = 100;      ///< steps between checkpoints; there is one at the end in any case
  /// Validations without a new best after which training ends; 0: never.
  int early_stopping_patience = 0;

  uint64_t seed = 0;

  /// As JSON under these names, and from JSON: names that are absent keep their values. Throws
  /// ModelError for an unknown name, a wrong type, or a value outside its range, naming both.
  nlohmann::json to_json() const;
  void update(const nlohmann::json& json, const std::string& source);
  /// Throws ModelError where values do not fit together.
  void check() const;

  /// The same in steps alone, if it is known how many batches make an epoch.
  TrainingOptions in_steps(std::optional<int64_t> batches_per_epoch) const;
};

}  // namespace quern::models
