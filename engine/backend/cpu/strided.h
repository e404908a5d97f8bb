#pragma once

#include <array>
#include <cstdint>

#include "engine/array/array.h"

namespace quern::cpu {

/// A loop over the elements of N operands of one shape, in row-major order, with neighbouring axes
/// merged wherever every operand allows it. Axes of length 1 are gone; a scalar has one axis of
/// length 1.
template <size_t N>
struct StridedLoop {
  Shape shape;                     ///< at least one axis
  std::array<Strides, N> strides;  ///< in elements, parallel to shape

  size_t row_length() const { return size_t(shape.back()); }
  size_t rows() const {
    size_t n = 1;
    for (size_t i = 0; i + 1 < shape.size(); ++i) n *= size_t(shape[i]);
    return n;
  }
  int64_t row_stride(size_t operand) const { return strides[operand].back(); }
};

template <size_t N>
StridedLoop<N> merge_axes(const Shape& shape, const std::array<const Strides*, N>& strides) {
  StridedLoop<N> loop;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 1) continue;
    bool mergeable = !loop.shape.empty();
    for (size_t k = 0; k < N && mergeable; ++k) {
      mergeable = loop.strides[k].back() == (*strides[k])[axis] * shape[axis] &&
                  int64_t(loop.shape.back()) * shape[axis] <= INT32_MAX;
    }
    if (mergeable) {
      loop.shape.back() *= shape[axis];
      for (size_t k = 0; k < N; ++k) loop.strides[k].back() = (*strides[k])[axis];
    } else {
      loop.shape.push_back(shape[axis]);
      for (size_t k = 0; k < N; ++k) loop.strides[k].push_back((*strides[k])[axis]);
    }
  }
  if (loop.shape.empty()) {
    loop.shape.push_back(1);
    for (size_t k = 0; k < N; ++k) loop.strides[k].push_back(0);
  }
  return loop;
}

/// Calls f(offsets) for the rows [first, last) of the loop, where offsets[k] is that of operand k's
/// first element in the row, in elements. A row is the last axis: f does its elements.
template <size_t N, typename F>
void for_each_row(const StridedLoop<N>& loop, size_t first, size_t last, F&& f) {
  const size_t outer = loop.shape.size() - 1;
  SmallVector<int32_t> index(outer, 0);
  std::array<int64_t, N> offsets{};
  size_t rest = first;
  for (size_t axis = outer; axis-- > 0;) {
    index[axis] = int32_t(rest % size_t(loop.shape[axis]));
    rest /= size_t(loop.shape[axis]);
    for (size_t k = 0; k < N; ++k) offsets[k] += index[axis] * loop.strides[k][axis];
  }
  for (size_t row = first; row < last; ++row) {
    f(offsets);
    for (size_t axis = outer; axis-- > 0;) {
      for (size_t k = 0; k < N; ++k) offsets[k] += loop.strides[k][axis];
      if (++index[axis] < loop.shape[axis]) break;
      index[axis] = 0;
      for (size_t k = 0; k < N; ++k) offsets[k] -= loop.strides[k][axis] * loop.shape[axis];
    }
  }
}

}  // namespace quern::cpu
