#pragma once

#include <optional>
#include <string>
#include <vector>

namespace quern::models {

/// What an adapter changes of a model, and how: what adapter_config.json says.
struct AdapterConfig {
  enum class Kind {
    lora,  ///< a change of low rank (Hu et al. 2021)
    dora,  ///< ... and the rows' lengths apart from it (Liu et al. 2024)
    full,  ///< the weights themselves
  };
  Kind kind = Kind::lora;
  int num_layers = 16;  ///< the last so many layers; -1: all
  int rank = 8;
  float scale = 20.0f;           ///< a plain multiplier: PEFT's alpha / rank
  bool rank_stabilized = false;  ///< the multiplier is scale * sqrt(rank) (Kalajdzievski 2023)
  float dropout = 0.0f;
  /// Patterns of module paths, within a layer ("self_attn.q_proj") or of the whole model
  /// ("lm_head"); "*" stands for any letters. None: every adaptable module inside the layers.
  std::optional<std::vector<std::string>> keys = {};

  /// What up @ down is multiplied with.
  float multiplier() const;
};

}  // namespace quern::models
