#include "models/weights/head_matrix.h"

#include <optional>

#include "engine/ops/shape.h"

namespace quern::models {

namespace {

array rows_of_heads(const array& joined, int heads, int begin, int end) {
  const array apart = unflatten(joined, 0, {heads, joined.shape(0) / heads});
  return contiguous(slice(apart, {0, begin, 0}, {heads, end, joined.shape(1)}));
}

}  // namespace

HeadMatrix::HeadMatrix(WeightReader& reader, const std::string& path, int heads, int out, int in)
    : stored_(StoredWeight::load(reader, path, {heads, out, in})) {}

HeadMatrix::HeadMatrix(const StoredWeight& joined, int heads, int begin, int end)
    : stored_(joined) {
  stored_.weight = rows_of_heads(joined.weight, heads, begin, end);
  if (joined.scales) stored_.scales = rows_of_heads(*joined.scales, heads, begin, end);
  if (joined.biases) stored_.biases = rows_of_heads(*joined.biases, heads, begin, end);
}

}  // namespace quern::models
