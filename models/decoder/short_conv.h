#pragma once

#include <memory>
#include <string>

#include "models/decoder/causal_conv.h"
#include "models/decoder/linear.h"
#include "models/decoder/short_conv_spec.h"
#include "models/decoder/token_mixer.h"

namespace quern::models {

/// See ShortConvSpec. Takes in_proj, conv and out_proj.
class ShortConv final : public TokenMixer {
 public:
  ShortConv(WeightReader& reader, const std::string& path, const ShortConvSpec& spec,
            int hidden_size);

  array operator()(const array& x, Step& step) const override;
  std::unique_ptr<LayerCache> make_cache() const override;

 private:
  Linear input_, output_;
  CausalConv conv_;
};

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const ShortConvSpec& spec, int hidden_size);

}  // namespace quern::models
