#include "engine/primitives/batch.h"

#include "engine/ops/creation.h"
#include "engine/ops/shape.h"

namespace quern {

ShapeElem batch_size(const std::vector<array>& inputs, const std::vector<int>& axes) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (axes[i] != -1) return inputs[i].shape(axes[i]);
  }
  return 1;
}

std::vector<array> batch_first(const std::vector<array>& inputs, const std::vector<int>& axes) {
  std::vector<array> moved;
  for (size_t i = 0; i < inputs.size(); ++i) {
    moved.push_back(axes[i] > 0 ? moveaxis(inputs[i], axes[i], 0) : inputs[i]);
  }
  return moved;
}

std::vector<array> broadcast_batch_first(const std::vector<array>& inputs,
                                         const std::vector<int>& axes) {
  const ShapeElem size = batch_size(inputs, axes);
  std::vector<array> moved = batch_first(inputs, axes);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (axes[i] != -1) continue;
    Shape shape = inputs[i].shape();
    shape.insert(shape.begin(), size);
    moved[i] = broadcast_to(expand_dims(moved[i], 0), shape);
  }
  return moved;
}

std::pair<std::vector<array>, int> align_batch(const std::vector<array>& inputs,
                                               const std::vector<int>& axes) {
  int to = 0;
  for (const int axis : axes) {
    if (axis == -1) continue;
    to = axis;
    break;
  }
  const ShapeElem size = batch_size(inputs, axes);
  std::vector<array> aligned;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (axes[i] != -1) {
      aligned.push_back(axes[i] == to ? inputs[i] : moveaxis(inputs[i], axes[i], to));
      continue;
    }
    Shape shape = inputs[i].shape();
    shape.insert(shape.begin() + to, size);
    aligned.push_back(broadcast_to(expand_dims(inputs[i], to), shape));
  }
  return {aligned, to};
}

std::vector<array> zeros_of(const std::vector<array>& primals, const std::vector<int>& argnums) {
  std::vector<array> zeros;
  for (const int i : argnums) zeros.push_back(zeros_like(primals[size_t(i)]));
  return zeros;
}

}  // namespace quern
