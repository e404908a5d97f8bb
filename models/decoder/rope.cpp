#include "models/decoder/rope.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/fast.h"
#include "models/error.h"

namespace quern::models {

namespace {

array to_array(const std::vector<float>& values, Dtype dtype = float32) {
  return array(values.begin(), {int(values.size())}, dtype);
}

}  // namespace

Rope::Rope(const RopeSpec& spec, int head_dim, Dtype dtype) : spec_(spec), periods_(array(0.0f)) {
  if (spec.dims <= 0 || spec.dims % 2 != 0 || spec.dims > head_dim) {
    throw ModelError(
        fmt::format("[config] the rotary embedding turns {} of a head's {} elements; it "
                    "needs a positive even number of them",
                    spec.dims, head_dim),
        "Compare config.json with the one the model was published with.");
  }
  const RopeFrequencies frequencies = rope_frequencies(spec, spec.max_position_embeddings);
  periods_ = to_array(frequencies.periods);
  if (frequencies.amplitude != 1.0f) {
    std::vector<float> amplitude(size_t(head_dim), 1.0f);
    std::fill_n(amplitude.begin(), spec.dims, frequencies.amplitude);
    amplitude_ = to_array(amplitude, dtype);
  }
}

array Rope::operator()(const array& x, const Positions& positions) const {
  const bool stretched = depends_on_length() && positions.end > spec_.max_position_embeddings;
  const array periods =
      stretched ? to_array(rope_frequencies(spec_, positions.end).periods) : periods_;
  const array scaled = amplitude_ ? multiply(x, *amplitude_) : x;
  return fast::rope(scaled, spec_.dims, spec_.interleaved, std::nullopt, 1.0f, positions.first,
                    periods);
}

array Rope::operator()(const array& x, int offset) const {
  return (*this)(x, {array(offset, int32), offset + x.shape(2)});
}

}  // namespace quern::models
