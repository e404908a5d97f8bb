#pragma once

#include <string>

#include "models/decoder/attention_spec.h"
#include "models/decoder/mamba2_spec.h"

namespace quern::models {

/// Mamba 2 and attention that read the same input, and whose results are added (Falcon-H1).
struct SideBySideSpec {
  Mamba2Spec mamba;
  AttentionSpec attention;
  float attention_scale = 1.0f;  ///< of attention's result

  std::string mamba_name = "mamba", attention_name = "self_attn";

  PartSizes sizes() const;
};

}  // namespace quern::models
