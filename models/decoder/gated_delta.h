#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/decoder/causal_conv.h"
#include "models/decoder/gated_delta_spec.h"
#include "models/decoder/linear.h"
#include "models/decoder/norm.h"
#include "models/decoder/token_mixer.h"

namespace quern::models {

/// See GatedDeltaSpec. Takes the projections, conv1d.weight, A_log and dt_bias [num_value_heads],
/// norm.weight [value_head_dim] and out_proj.
class GatedDelta final : public TokenMixer {
 public:
  GatedDelta(WeightReader& reader, const std::string& path, const GatedDeltaSpec& spec,
             int hidden_size);

  array operator()(const array& x, Step& step) const override;
  std::unique_ptr<LayerCache> make_cache() const override;

 private:
  std::vector<array> project(const array& x) const;
  array mix(const std::vector<array>& parts, LayerCache* cache) const;

  GatedDeltaSpec spec_;
  std::optional<Linear> qkvz_, ba_;
  std::optional<Linear> qkv_, z_, b_, a_;
  CausalConv conv_;
  array decay_rates_;  ///< float32, like the biases
  array step_biases_;
  Norm norm_;
  Linear output_;
};

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const GatedDeltaSpec& spec, int hidden_size);

}  // namespace quern::models
