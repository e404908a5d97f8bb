#pragma once

#include <optional>
#include <vector>

#include "models/config/config_reader.h"

namespace quern::models {

/// Rotary position embedding, whatever way the file spells it.
struct RopeConfig {
  enum class Kind {
    default_,
    linear,
    dynamic,  ///< the base grows with the length (NTK-aware scaling)
    ntk,      ///< the base is larger, by `factor`, at any length (Hunyuan's alpha)
    llama3,
    yarn,
    longrope,
    proportional,  ///< frequencies as if the whole head turned, of which only a part does (Gemma 4)
  };

  Kind kind = Kind::default_;
  float theta = 10000.0f;
  float partial_rotary_factor = 1.0f;  ///< the part of each head that turns
  float factor = 1.0f;                 ///< how many times longer the context became
  float low_freq_factor = 1.0f;
  float high_freq_factor = 4.0f;
  int original_max_position_embeddings = 0;
  float beta_fast = 32.0f;
  float beta_slow = 1.0f;
  bool truncate = true;  ///< yarn: whole numbers as the ends of its ramp
  float mscale = 1.0f;
  float mscale_all_dim = 0.0f;
  std::optional<float> attention_factor;
  std::vector<float> short_factor;
  std::vector<float> long_factor;
};

/// Reads `rope_theta` with `rope_scaling` {type or rope_type, ...}, or `rope_parameters`, which
/// holds all of that in one object and wins; nulls count as absent. Where either is told for each
/// type of layer, {"full_attention": {...}, "sliding_attention": {...}}, this is the one of full
/// attention. Throws ModelError, for an unknown type too.
RopeConfig read_rope(const ConfigReader& config, int max_position_embeddings);

/// That of sliding layers, if the config tells it: as above, or by `rope_local_base_freq`.
std::optional<RopeConfig> read_local_rope(const ConfigReader& config, int max_position_embeddings);

}  // namespace quern::models
