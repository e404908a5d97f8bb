#pragma once

#include <optional>
#include <string>

#include "models/decoder/decoder_spec.h"
#include "models/decoder/linear.h"
#include "models/decoder/norm.h"
#include "models/decoder/rope.h"
#include "models/decoder/token_mixer.h"

namespace quern::models {

/// Grouped-query attention (Ainslie et al. 2023) over a key-value cache.
class Attention final : public TokenMixer {
 public:
  Attention(WeightReader& reader, const std::string& path, const AttentionSpec& spec,
            int hidden_size);

  array operator()(const array& x, LayerCache& cache, AttentionMasks& masks) const override;
  std::unique_ptr<LayerCache> make_cache() const override;

 private:
  array heads(const array& projected, int num_heads, const std::optional<Norm>& norm) const;

  AttentionSpec spec_;
  Linear query_, key_, value_, output_;
  std::optional<Norm> query_norm_, key_norm_;
  std::optional<Rope> rope_;
};

}  // namespace quern::models
