#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "engine/ops/shape.h"
#include "engine/primitives/reshape.h"

namespace quern {

array flip(const array& a, const std::vector<int>& axes, StreamOrDevice s) {
  Shape start(a.ndim(), 0), stop = a.shape(), strides(a.ndim(), 1);
  for (const int axis : axes) {
    const auto at = size_t(normalize_axis(axis, int(a.ndim()), "flip"));
    if (strides[at] < 0) {
      throw std::invalid_argument(fmt::format("[flip] axis {} is given twice", axis));
    }
    start[at] = -1;
    stop[at] = std::numeric_limits<ShapeElem>::min();
    strides[at] = -1;
  }
  return slice(a, std::move(start), std::move(stop), std::move(strides), s);
}

array flip(const array& a, int axis, StreamOrDevice s) {
  return flip(a, std::vector<int>{axis}, s);
}

array flip(const array& a, StreamOrDevice s) {
  std::vector<int> axes(a.ndim());
  std::iota(axes.begin(), axes.end(), 0);
  return flip(a, axes, s);
}

namespace {

int total_of(const Shape& shifts) {
  int64_t total = 0;
  for (const int64_t shift : shifts) total += shift;
  if (total < INT32_MIN || total > INT32_MAX) {
    throw std::overflow_error(fmt::format("[roll] a shift of {} places is too far", total));
  }
  return int(total);
}

}  // namespace

array roll(const array& a, int shift, int axis, StreamOrDevice s) {
  const int at = normalize_axis(axis, int(a.ndim()), "roll");
  const int length = a.shape(at);
  if (length == 0) return a;
  // Left as it is where it can be: counted from the end, it fits an axis of another length.
  const int place = std::abs(int64_t(shift)) < length ? -shift : -(shift % length);
  if (place == 0) return a;
  Shape start(a.ndim(), 0), stop = a.shape();
  start[size_t(at)] = place;
  const array first = slice(a, start, stop, s);
  start[size_t(at)] = 0;
  stop[size_t(at)] = place;
  return concatenate({first, slice(a, start, stop, s)}, at, s);
}

array roll(const array& a, const Shape& shift, const std::vector<int>& axes, StreamOrDevice s) {
  if (shift.size() != axes.size()) {
    throw std::invalid_argument(
        fmt::format("[roll] {} shifts are given for {} axes", shift.size(), axes.size()));
  }
  array out = a;
  for (size_t i = 0; i < axes.size(); ++i) out = roll(out, shift[i], axes[i], s);
  return out;
}

array roll(const array& a, int shift, const std::vector<int>& axes, StreamOrDevice s) {
  return roll(a, Shape(axes.size(), shift), axes, s);
}

array roll(const array& a, const Shape& shift, int axis, StreamOrDevice s) {
  return roll(a, total_of(shift), axis, s);
}

array roll(const array& a, int shift, StreamOrDevice s) {
  const StreamContext stream(to_stream(s));
  return reshape_like(roll(flatten(a), shift, 0), a);
}

array roll(const array& a, const Shape& shift, StreamOrDevice s) {
  return roll(a, total_of(shift), s);
}

std::vector<array> meshgrid(const std::vector<array>& arrays, bool sparse,
                            const std::string& indexing, StreamOrDevice s) {
  if (indexing != "xy" && indexing != "ij") {
    throw std::invalid_argument(
        fmt::format("[meshgrid] indexing is \"xy\" or \"ij\", not \"{}\"", indexing));
  }
  const int ndim = int(arrays.size());
  std::vector<array> grids;
  for (int i = 0; i < ndim; ++i) {
    const array& coordinates = arrays[size_t(i)];
    if (coordinates.ndim() > 1) {
      throw std::invalid_argument(fmt::format("[meshgrid] array {} of shape {} is no vector", i,
                                              to_string(coordinates.shape())));
    }
    const bool swapped = indexing == "xy" && ndim > 1 && i < 2;
    std::vector<int> others;
    for (int axis = 0; axis < ndim; ++axis) {
      if (axis != (swapped ? 1 - i : i)) others.push_back(axis);
    }
    grids.push_back(expand_dims(flatten(coordinates, s), others, s));
  }
  return sparse ? grids : broadcast_arrays(grids, s);
}

array atleast_1d(const array& a, StreamOrDevice s) {
  return a.ndim() == 0 ? expand_dims(a, 0, s) : a;
}

array atleast_2d(const array& a, StreamOrDevice s) {
  const array vector = atleast_1d(a, s);
  return vector.ndim() == 1 ? expand_dims(vector, 0, s) : vector;
}

array atleast_3d(const array& a, StreamOrDevice s) {
  const array matrix = atleast_2d(a, s);
  return matrix.ndim() == 2 ? expand_dims(matrix, 2, s) : matrix;
}

namespace {

std::vector<array> each(const std::vector<array>& arrays, array (*op)(const array&, StreamOrDevice),
                        StreamOrDevice s) {
  std::vector<array> out;
  for (const array& a : arrays) out.push_back(op(a, s));
  return out;
}

}  // namespace

std::vector<array> atleast_1d(const std::vector<array>& a, StreamOrDevice s) {
  return each(a, atleast_1d, s);
}
std::vector<array> atleast_2d(const std::vector<array>& a, StreamOrDevice s) {
  return each(a, atleast_2d, s);
}
std::vector<array> atleast_3d(const std::vector<array>& a, StreamOrDevice s) {
  return each(a, atleast_3d, s);
}

}  // namespace quern
