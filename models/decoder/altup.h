#pragma once

#include <string>
#include <vector>

#include "models/decoder/altup_spec.h"
#include "models/decoder/linear.h"
#include "models/decoder/norm.h"

namespace quern::models {

/// How one layer's streams follow from each other. Streams: [B, T, streams, hidden_size].
class AltUp {
 public:
  /// Takes PATH.router_norm, modality_router, prediction_coefs, correction_coefs and
  /// correct_output_scale.
  AltUp(WeightReader& reader, const std::string& path, const AltUpSpec& spec, int hidden_size);

  array predict(const array& streams) const;
  /// computed: [B, T, hidden_size], what the layer made of the active stream's prediction.
  array correct(const array& predicted, const array& computed) const;

  /// [B, T, hidden_size].
  array active(const array& streams) const;
  /// The active one as it meets the layer's own input: [B, T, hidden_size].
  array output(const array& streams) const;
  /// Adds [B, T, hidden_size] to all streams but the first.
  array add_to_others(const array& streams, const array& change) const;

 private:
  array modalities(const array& active) const;

  AltUpSpec spec_;
  int hidden_size_;
  Norm norm_;
  Linear router_;
  array prediction_;  ///< [streams, streams * streams], transposed; float32
  array correction_;  ///< [streams, streams], transposed; float32
  array output_scale_;
};

/// Where the streams come from and what they become.
class AltUpStreams {
 public:
  /// Takes PATH.altup_projections.i and PATH.altup_unembed_projections.i.
  AltUpStreams(WeightReader& reader, const std::string& path, const AltUpSpec& spec,
               int hidden_size);

  /// [B, T, hidden_size] -> [B, T, streams, hidden_size].
  array spread(const array& x) const;
  /// The way back: their mean, once all are as large as the first.
  array merge(const array& streams) const;

 private:
  std::vector<Linear> projections_, unembed_projections_;
};

}  // namespace quern::models
