#pragma once

#include <optional>
#include <vector>

#include "models/decoder/decoder.h"
#include "models/decoder/decoder_spec.h"
#include "models/decoder/layer.h"
#include "models/decoder/linear.h"
#include "models/decoder/norm.h"

namespace quern::models {

/// The decoder that a DecoderSpec describes: embedding, layers, norm, head.
class Transformer final : public Decoder {
 public:
  /// Takes what it needs from `reader`, and the reader's last word: nothing may be missing or
  /// remain. Throws ModelError.
  Transformer(WeightReader& reader, const DecoderSpec& spec);

  array hidden(const array& tokens, Step& step) const override;
  array head(const array& hidden) const override;
  Cache make_cache() const override;

 private:
  array embed(const array& tokens, const Step& step) const;

  float embedding_scale_, logit_scale_;
  std::optional<float> logit_softcap_;

  WeightMatrix embedding_;
  std::optional<WeightMatrix> positions_;  ///< [position_count_, hidden_size]
  int position_count_;
  std::optional<LayerInputs> layer_inputs_;
  std::optional<AltUpStreams> streams_;
  std::vector<Layer> layers_;
  Norm norm_;
  std::optional<Linear> head_;  ///< absent: the embedding
};

}  // namespace quern::models
