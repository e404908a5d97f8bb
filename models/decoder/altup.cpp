#include "models/decoder/altup.h"

#include <fmt/format.h>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"

namespace quern::models {

namespace {

array stream(const array& streams, int i) {
  Shape begin = {0, 0, i, 0}, end = streams.shape();
  end[2] = i + 1;
  return squeeze(slice(streams, begin, end), 2);
}

array mean_square(const array& x) { return mean(square(x), -1, true); }

/// x, as large as `like`.
array resized(const array& x, const array& like) {
  const array size = sqrt(maximum(mean_square(x), array(1e-5f, x.dtype())));
  return multiply(x, divide(sqrt(mean_square(like)), size));
}

array coefficients(WeightReader& reader, const std::string& name, int out, int in) {
  return astype(transpose(reader.take(name + ".weight", {out, in})), float32);
}

array within(const array& x, float limit) {
  return minimum(maximum(x, array(-limit)), array(limit));
}

}  // namespace

AltUp::AltUp(WeightReader& reader, const std::string& path, const AltUpSpec& spec, int hidden_size)
    : spec_(spec),
      hidden_size_(hidden_size),
      norm_(reader, path + ".router_norm", spec.norm, hidden_size),
      router_(reader, path + ".modality_router", spec.streams, hidden_size, false),
      prediction_(coefficients(reader, path + ".prediction_coefs", spec.streams * spec.streams,
                               spec.streams)),
      correction_(coefficients(reader, path + ".correction_coefs", spec.streams, spec.streams)),
      output_scale_(reader.take(path + ".correct_output_scale", {hidden_size})) {
  if (spec.coefficient_limit) correction_ = within(correction_, *spec.coefficient_limit);
}

/// [B, T, streams], float32.
array AltUp::modalities(const array& active) const {
  const array input = multiply(norm_(active), array(1.0f / float(hidden_size_), active.dtype()));
  return tanh(astype(router_(input), float32));
}

array AltUp::predict(const array& streams) const {
  const array mixing = matmul(modalities(active(streams)), prediction_);
  const array change =
      matmul(unflatten(mixing, -1, {spec_.streams, spec_.streams}), astype(streams, float32));
  return astype(add(streams, change), streams.dtype());
}

array AltUp::correct(const array& predicted, const array& computed) const {
  const array amount = add(matmul(modalities(computed), correction_), array(1.0f));
  const array innovation = subtract(computed, active(predicted));
  const array change = multiply(expand_dims(innovation, 2), expand_dims(amount, -1));
  return astype(add(predicted, change), predicted.dtype());
}

array AltUp::active(const array& streams) const { return stream(streams, spec_.active); }

array AltUp::output(const array& streams) const {
  const array out = active(streams);
  return spec_.scales_output ? multiply(out, output_scale_) : out;
}

array AltUp::add_to_others(const array& streams, const array& change) const {
  const int first = 1;
  const std::vector<array> parts = split(streams, Shape{first}, 2);
  return concatenate({parts[0], add(parts[1], expand_dims(change, 2))}, 2);
}

AltUpStreams::AltUpStreams(WeightReader& reader, const std::string& path, const AltUpSpec& spec,
                           int hidden_size) {
  for (int i = 0; i + 1 < spec.streams; ++i) {
    projections_.emplace_back(reader, fmt::format("{}.altup_projections.{}", path, i), hidden_size,
                              hidden_size, false);
    unembed_projections_.emplace_back(reader,
                                      fmt::format("{}.altup_unembed_projections.{}", path, i),
                                      hidden_size, hidden_size, false);
  }
}

array AltUpStreams::spread(const array& x) const {
  std::vector<array> streams = {x};
  for (const Linear& projection : projections_) streams.push_back(resized(projection(x), x));
  return stack(streams, 2);
}

array AltUpStreams::merge(const array& streams) const {
  const array first = stream(streams, 0);
  std::vector<array> all = {first};
  for (size_t i = 0; i < unembed_projections_.size(); ++i) {
    all.push_back(resized(unembed_projections_[i](stream(streams, int(i) + 1)), first));
  }
  return mean(stack(all, 0), 0);
}

}  // namespace quern::models
