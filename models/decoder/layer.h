#pragma once

#include <memory>
#include <optional>
#include <string>

#include "models/decoder/altup.h"
#include "models/decoder/decoder_spec.h"
#include "models/decoder/feed_forward.h"
#include "models/decoder/laurel.h"
#include "models/decoder/layer_inputs.h"
#include "models/decoder/norm.h"
#include "models/decoder/token_mixer.h"

namespace quern::models {

/// A token mixer and a feed-forward network, each with its norms and a residual connection.
class Layer {
 public:
  Layer(WeightReader& reader, const std::string& path, const LayerSpec& spec, int hidden_size);

  /// [B, T, hidden_size], or streams [B, T, streams, hidden_size] -> the same shape and dtype.
  array operator()(const array& x, Step& step) const;

  std::unique_ptr<LayerCache> make_cache() const { return mixer_ ? mixer_->make_cache() : nullptr; }

 private:
  array run_streams(const array& x, Step& step) const;
  array run_parts(const array& x, Step& step) const;
  array residual(const array& x, const array& change) const;

  std::unique_ptr<const TokenMixer> mixer_;          // may be nullptr
  std::unique_ptr<const FeedForward> feed_forward_;  // likewise
  std::optional<Norm> mixer_pre_norm_, mixer_post_norm_;
  std::optional<Norm> feed_forward_pre_norm_, feed_forward_post_norm_;
  bool parallel_;
  float residual_scale_;
  std::optional<AltUp> altup_;
  std::optional<Laurel> laurel_;
  std::optional<LayerInputGate> own_input_;
  std::optional<array> output_scale_;  // [1]
  bool clips_residual_;
};

}  // namespace quern::models
