#pragma once

#include <optional>
#include <string>

#include "models/decoder/attention_spec.h"
#include "models/decoder/norm_spec.h"
#include "models/decoder/part_sizes.h"

namespace quern::models {

/// Multi-head latent attention (DeepSeek-AI 2024, DeepSeek-V2): keys and values of all heads are
/// projections of one small latent per token, which is all that is remembered of it, together with
/// one rotary key that the heads share.
struct MlaSpec {
  int num_heads = 0;
  std::optional<int> query_rank;  ///< of the queries' latent; none: they are projected directly
  int latent_rank = 0;            ///< of the keys' and values' latent
  int plain_dim = 0;              ///< how much of a head's query does not turn
  RopeSpec rope;                  ///< dims: how much of it turns
  int value_dim = 0;
  float scale = 0.0f;  ///< of the scores
  bool bias = false;   ///< of the projections from and to hidden_size, other than direct queries
  NormSpec norm;       ///< of the latents

  PartSizes sizes() const;
};

}  // namespace quern::models
