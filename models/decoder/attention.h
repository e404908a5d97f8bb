#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/decoder/attention_spec.h"
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

  array operator()(const array& x, Step& step) const override;
  std::unique_ptr<LayerCache> make_cache() const override;

 private:
  std::vector<array> project(const array& x) const;
  std::vector<array> cut(const array& fused) const;
  array mix(const std::vector<array>& parts, Step& step, size_t sequence) const;
  bool mixes_together(const Step& step) const;
  array mix_together(const std::vector<array>& parts, Step& step) const;
  Step::Seen seen(const std::vector<array>& parts, Step& step, size_t sequence) const;
  array split_heads(const array& projected, int num_heads) const;
  array value_heads(const array& projected) const;
  array heads(const array& projected, int num_heads, const std::optional<Norm>& norm,
              const Positions& positions) const;

  AttentionSpec spec_;
  std::optional<Linear> fused_, query_, key_, value_;
  Linear output_;
  std::optional<array> sinks_;
  std::optional<Norm> query_norm_, key_norm_, output_norm_;
  std::optional<Rope> rope_;
};

std::unique_ptr<const TokenMixer> make_part(WeightReader& reader, const std::string& path,
                                            const AttentionSpec& spec, int hidden_size);

}  // namespace quern::models
