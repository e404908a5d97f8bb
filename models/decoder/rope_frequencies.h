#pragma once

#include <vector>

#include "models/decoder/attention_spec.h"

namespace quern::models {

/// What a rotary embedding is computed with: pair i of position t turns by t / periods[i], and what
/// turns is multiplied by `amplitude` too.
struct RopeFrequencies {
  std::vector<float> periods;  ///< [dims / 2]
  float amplitude = 1.0f;
};

/// For sequences of `length` tokens in all; only the kind "dynamic" (NTK-aware scaling) looks at
/// it.
///
/// llama3: Dubey et al. 2024; yarn: Peng et al. 2023; longrope: Ding et al. 2024, always with the
/// long factors. Throws ModelError when a list of factors has not dims / 2 entries.
RopeFrequencies rope_frequencies(const RopeSpec& rope, int length);

}  // namespace quern::models
