#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/random.h"
#include "engine/ops/reduce.h"
#include "engine/ops/scan.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"

namespace quern::random {

namespace {

Shape without_axis(Shape shape, int axis) {
  shape.erase(shape.begin() + axis);
  return shape;
}

/// The index of the largest of logits plus Gumbel noise is a draw (Gumbel-max).
array categorical_by_noise(const array& logits, const Shape& shape, int axis,
                           const std::optional<array>& key, StreamOrDevice s) {
  const array noise = gumbel(shape, float32, key, s);
  return argmax(add(logits, noise, s), axis, false, s);
}

}  // namespace

array categorical(const array& logits, int axis, const Shape& shape,
                  const std::optional<array>& key, StreamOrDevice s) {
  const int at = normalize_axis(axis, int(logits.ndim()), "random::categorical");
  const Shape others = without_axis(logits.shape(), at);
  if (broadcast_shapes(shape, others) != shape) {
    throw std::invalid_argument(
        fmt::format("[random::categorical] draws of shape {} do not fit logits of shape {}",
                    to_string(shape), to_string(logits.shape())));
  }
  const int from_end = at - int(logits.ndim());
  Shape noise = shape;
  noise.insert(noise.end() + (from_end + 1), logits.shape(at));
  return categorical_by_noise(logits, noise, from_end, key, s);
}

array categorical(const array& logits, int axis, int num_samples, const std::optional<array>& key,
                  StreamOrDevice s) {
  const int at = normalize_axis(axis, int(logits.ndim()), "random::categorical");
  if (num_samples < 0) {
    throw std::invalid_argument(
        fmt::format("[random::categorical] {} samples are asked for", num_samples));
  }
  Shape shape = without_axis(logits.shape(), at);
  const bool one_row = element_count(shape) == 1;
  shape.push_back(num_samples);
  if (one_row) {
    // Many draws from one distribution: one pass over it, then a search for each.
    const array weights = exp(subtract(flatten(logits, s), max(logits, s), s), s);
    const array ends = cumsum(astype(weights, float32, s), 0, false, false, s);
    const array total = sum(astype(weights, float32, s), s);
    const array drawn = multiply(uniform(shape, float32, key, s), total, s);
    return subtract(searchsorted(ends, drawn, "right", s), array(1, uint32), s);
  }
  Shape noise = logits.shape();
  noise.push_back(num_samples);
  return categorical_by_noise(expand_dims(logits, -1, s), noise, at, key, s);
}

array categorical(const array& logits, int axis, const std::optional<array>& key,
                  StreamOrDevice s) {
  const int at = normalize_axis(axis, int(logits.ndim()), "random::categorical");
  return categorical_by_noise(logits, logits.shape(), at, key, s);
}

array permutation(const array& x, int axis, const std::optional<array>& key, StreamOrDevice s) {
  const int at = normalize_axis(axis, int(x.ndim()), "random::permutation");
  return take(x, permutation(x.shape(at), key, s), at, s);
}

array permutation(int x, const std::optional<array>& key, StreamOrDevice s) {
  return argsort(bits({x}, 4, key, s), s);
}

}  // namespace quern::random
