#pragma once

#include <string>
#include <vector>

#include "models/decoder/layer_input_spec.h"
#include "models/decoder/linear.h"
#include "models/decoder/norm.h"

namespace quern::models {

/// What the layers get besides the stream.
class LayerInputs {
 public:
  /// Takes PATH.embed_tokens_per_layer, PATH.per_layer_model_projection and
  /// PATH.per_layer_projection_norm.
  LayerInputs(WeightReader& reader, const std::string& path, const LayerInputSpec& spec, int layers,
              int hidden_size);

  /// tokens: [B, T]; embedded: [B, T, hidden_size], their embedding as the first layer gets it ->
  /// [B, T, size] for each layer.
  std::vector<array> operator()(const array& tokens, const array& embedded) const;

 private:
  LayerInputSpec spec_;
  int layers_;
  WeightMatrix embedding_;
  Linear projection_;
  Norm norm_;
};

/// Where a layer takes its own in.
class LayerInputGate {
 public:
  /// Takes PATH.per_layer_input_gate, PATH.per_layer_projection and PATH.post_per_layer_input_norm.
  LayerInputGate(WeightReader& reader, const std::string& path, const LayerInputSpec& spec,
                 int hidden_size);

  /// What is added to the stream. x: [B, T, hidden_size], the stream; own: [B, T, size] -> like x.
  array operator()(const array& x, const array& own) const;

 private:
  Activation activation_;
  Linear gate_, projection_;
  Norm norm_;
};

}  // namespace quern::models
