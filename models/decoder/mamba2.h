#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/decoder/causal_conv.h"
#include "models/decoder/linear.h"
#include "models/decoder/mamba2_spec.h"
#include "models/decoder/token_mixer.h"

namespace quern::models {

/// See Mamba2Spec. Takes in_proj, conv1d, A_log, dt_bias and D [num_heads], norm.weight
/// [inner_size] and out_proj.
class Mamba2 final : public TokenMixer {
 public:
  Mamba2(WeightReader& reader, const std::string& path, const Mamba2Spec& spec, int hidden_size);

  array operator()(const array& x, Step& step) const override;
  std::unique_ptr<LayerCache> make_cache() const override;

 private:
  array mix(const std::vector<array>& parts, LayerCache* cache) const;
  array gated(const array& x, const array& gate) const;

  Mamba2Spec spec_;
  Linear input_, output_;
  CausalConv conv_;
  array decay_rates_, step_biases_, skip_;  ///< [num_heads], float32
  std::optional<array> norm_;               ///< [inner_size]
};

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const Mamba2Spec& spec, int hidden_size);

}  // namespace quern::models
