#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/decoder/causal_conv.h"
#include "models/decoder/linear.h"
#include "models/decoder/mamba_spec.h"
#include "models/decoder/norm.h"
#include "models/decoder/token_mixer.h"

namespace quern::models {

/// See MambaSpec. Takes in_proj, conv1d, x_proj, dt_proj, A_log [inner_size, state_size], D
/// [inner_size], out_proj and the norms.
class Mamba final : public TokenMixer {
 public:
  Mamba(WeightReader& reader, const std::string& path, const MambaSpec& spec, int hidden_size);

  array operator()(const array& x, Step& step) const override;
  std::unique_ptr<LayerCache> make_cache() const override;

 private:
  array mix(const array& x, LayerCache* cache) const;

  MambaSpec spec_;
  Linear input_, parameters_, steps_, output_;
  CausalConv conv_;
  array decay_rates_;  ///< [state_size, inner_size], float32
  array skip_;         ///< [inner_size], float32
  std::optional<Norm> step_norm_, b_norm_, c_norm_;
};

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const MambaSpec& spec, int hidden_size);

}  // namespace quern::models
