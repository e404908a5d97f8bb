#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/ops/shape.h"

namespace quern {

inline std::vector<int> all_axes(const array& a) {
  std::vector<int> axes(a.ndim());
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

/// The axes, not negative and ascending. Throws std::invalid_argument, naming `where`, when one is
/// out of range or repeated.
inline std::vector<int> sorted_axes(const array& a, std::vector<int> axes, const char* where) {
  for (int& axis : axes) axis = normalize_axis(axis, int(a.ndim()), where);
  std::sort(axes.begin(), axes.end());
  const auto repeated = std::adjacent_find(axes.begin(), axes.end());
  if (repeated != axes.end()) {
    throw std::invalid_argument("[" + std::string(where) + "] axis " + std::to_string(*repeated) +
                                " is given twice");
  }
  return axes;
}

/// A node of reduction P over sorted axes.
template <typename P>
array reduction_node(const array& a, const std::vector<int>& axes, bool keepdims, Dtype out,
                     StreamOrDevice s) {
  Shape shape = a.shape();
  for (const int axis : axes) shape[size_t(axis)] = 1;
  const array reduced(std::move(shape), out, make_pooled<P>(to_stream(s), axes), {a});
  return keepdims ? reduced : squeeze(reduced, axes, s);
}

/// `a` with the given sorted axes merged into a last one, and the way back.
struct LastAxis {
  LastAxis(const array& a, const std::vector<int>& axes, StreamOrDevice s) : merged(a), stream(s) {
    for (int axis = 0; axis < int(a.ndim()); ++axis) {
      if (!std::binary_search(axes.begin(), axes.end(), axis)) order.push_back(axis);
    }
    const int kept = int(order.size());
    order.insert(order.end(), axes.begin(), axes.end());
    merged = transpose(a, order, s);
    shape = merged.shape();
    Shape flat(shape.begin(), shape.begin() + kept);
    size_t length = 1;
    for (size_t i = size_t(kept); i < shape.size(); ++i) length *= size_t(shape[i]);
    flat.push_back(ShapeElem(length));
    merged = reshape(merged, std::move(flat), s);
  }

  /// An array of merged's shape with the axes where they were.
  array restore(const array& a) const {
    std::vector<int> inverse(order.size());
    for (size_t i = 0; i < order.size(); ++i) inverse[size_t(order[i])] = int(i);
    return transpose(reshape(a, shape, stream), inverse, stream);
  }

  array merged;
  StreamOrDevice stream;
  std::vector<int> order;
  Shape shape;
};

}  // namespace quern
