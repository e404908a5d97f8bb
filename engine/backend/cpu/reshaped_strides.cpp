#include "engine/backend/cpu/reshaped_strides.h"

namespace quern::cpu {

std::optional<Strides> reshaped_strides(const array& a, const Shape& shape) {
  Strides strides(shape.size(), 0);
  Shape from;
  Strides steps;
  for (size_t i = 0; i < a.ndim(); ++i) {
    if (a.shape()[i] == 1) continue;
    from.push_back(a.shape()[i]);
    steps.push_back(a.strides()[i]);
  }
  size_t i = 0, j = 0;
  while (j < shape.size()) {
    if (shape[j] == 1) {
      strides[j++] = 1;
      continue;
    }
    // One run of old axes against one run of new axes with the same product.
    int64_t old_product = from[i], new_product = shape[j];
    const size_t first_old = i, first_new = j;
    while (old_product != new_product) {
      if (old_product < new_product)
        old_product *= from[++i];
      else
        new_product *= shape[++j];
    }
    for (size_t k = first_old; k < i; ++k) {
      if (steps[k] != steps[k + 1] * from[k + 1]) return std::nullopt;
    }
    int64_t step = steps[i];
    for (size_t k = j + 1; k-- > first_new;) {
      strides[k] = step;
      step *= shape[k];
    }
    ++i;
    ++j;
  }
  return strides;
}

}  // namespace quern::cpu
