#pragma once

#include <memory>
#include <string>

#include "models/decoder/attention.h"
#include "models/decoder/mamba2.h"
#include "models/decoder/side_by_side_spec.h"
#include "models/decoder/token_mixer.h"

namespace quern::models {

/// See SideBySideSpec. Its cache is a CachePair: Mamba's, attention's.
class SideBySide final : public TokenMixer {
 public:
  SideBySide(WeightReader& reader, const std::string& path, const SideBySideSpec& spec,
             int hidden_size);

  array operator()(const array& x, Step& step) const override;
  std::unique_ptr<LayerCache> make_cache() const override;

 private:
  SideBySideSpec spec_;
  Mamba2 mamba_;
  Attention attention_;
};

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const SideBySideSpec& spec, int hidden_size);

}  // namespace quern::models
