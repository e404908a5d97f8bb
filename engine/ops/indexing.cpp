#include "engine/ops/indexing.h"

#include <fmt/format.h>

#include <numeric>
#include <set>
#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "engine/ops/update.h"
#include "engine/primitives/indexing.h"
#include "engine/primitives/slice.h"

namespace quern {

namespace {

void require_integers(const array& indices, const char* where) {
  if (issubdtype(indices.dtype(), integer)) return;
  throw std::invalid_argument(
      fmt::format("[{}] indices must be integers, got {}", where, dtype_name(indices.dtype())));
}

/// `shape` with its `axis` set to `length`.
Shape with_length(Shape shape, int axis, ShapeElem length) {
  shape[size_t(axis)] = length;
  return shape;
}

/// Broadcasts a and b against each other along every axis but one.
std::pair<array, array> broadcast_except(const array& a, const array& b, int axis,
                                         StreamOrDevice s) {
  const Shape common =
      broadcast_shapes(with_length(a.shape(), axis, 1), with_length(b.shape(), axis, 1));
  return {broadcast_to(a, with_length(common, axis, a.shape(axis)), s),
          broadcast_to(b, with_length(common, axis, b.shape(axis)), s)};
}

int matching_axis(const array& a, const array& indices, int axis, const char* where) {
  require_integers(indices, where);
  if (indices.ndim() != a.ndim()) {
    throw std::invalid_argument(
        fmt::format("[{}] indices of shape {} do not have the dimensions of shape {}", where,
                    to_string(indices.shape()), to_string(a.shape())));
  }
  return normalize_axis(axis, int(a.ndim()), where);
}

}  // namespace

array gather(const array& a, const std::vector<array>& indices, const std::vector<int>& axes,
             const Shape& slice_sizes, StreamOrDevice s) {
  if (indices.size() != axes.size() || indices.size() > a.ndim()) {
    throw std::invalid_argument(
        fmt::format("[gather] {} index arrays and {} axes are given for shape {}", indices.size(),
                    axes.size(), to_string(a.shape())));
  }
  if (slice_sizes.size() != a.ndim()) {
    throw std::invalid_argument(fmt::format("[gather] {} slice sizes are given for shape {}",
                                            slice_sizes.size(), to_string(a.shape())));
  }
  std::vector<int> places;
  for (const int axis : axes) places.push_back(normalize_axis(axis, int(a.ndim()), "gather"));
  if (std::set<int>(places.begin(), places.end()).size() != places.size()) {
    throw std::invalid_argument("[gather] an axis is given twice");
  }
  for (size_t i = 0; i < a.ndim(); ++i) {
    if (slice_sizes[i] < 0 || slice_sizes[i] > a.shape()[i]) {
      throw std::invalid_argument(fmt::format("[gather] slice sizes {} do not fit into shape {}",
                                              to_string(slice_sizes), to_string(a.shape())));
    }
  }
  for (const array& i : indices) require_integers(i, "gather");
  std::vector<array> inputs = broadcast_arrays(indices, s);
  Shape shape = inputs.empty() ? Shape{} : inputs[0].shape();
  shape.insert(shape.end(), slice_sizes.begin(), slice_sizes.end());
  inputs.insert(inputs.begin(), a);
  Shape sizes = open_sizes(slice_sizes, a.shape(), places);
  return array(std::move(shape), a.dtype(),
               make_pooled<Gather>(to_stream(s), std::move(places), std::move(sizes)),
               std::move(inputs));
}

array gather(const array& a, const array& indices, int axis, const Shape& slice_sizes,
             StreamOrDevice s) {
  return gather(a, std::vector<array>{indices}, std::vector<int>{axis}, slice_sizes, s);
}

array take(const array& a, const array& indices, int axis, StreamOrDevice s) {
  const int at = normalize_axis(axis, int(a.ndim()), "take");
  if (a.size() == 0 && indices.size() != 0 && a.shape(at) == 0) {
    throw std::invalid_argument(fmt::format(
        "[take] there is nothing to take from axis {} of shape {}", at, to_string(a.shape())));
  }
  const array out = gather(a, indices, at, with_length(a.shape(), at, 1), s);
  // The indices' axes come first, then those of `a`, with length 1 where it was indexed.
  const auto lead = int(indices.ndim());
  std::vector<int> axes;
  for (int i = 0; i < at; ++i) axes.push_back(lead + i);
  for (int i = 0; i < lead; ++i) axes.push_back(i);
  for (int i = at + 1; i < int(a.ndim()); ++i) axes.push_back(lead + i);
  const array dropped = squeeze(out, lead + at, s);
  for (int& i : axes) i -= i > lead + at ? 1 : 0;
  return transpose(dropped, std::move(axes), s);
}

array take(const array& a, int index, int axis, StreamOrDevice s) {
  return take(a, array(index, int32), axis, s);
}
array take(const array& a, const array& indices, StreamOrDevice s) {
  return take(flatten(a, s), indices, 0, s);
}
array take(const array& a, int index, StreamOrDevice s) { return take(a, array(index, int32), s); }

array take_along_axis(const array& a, const array& indices, int axis, StreamOrDevice s) {
  const int at = matching_axis(a, indices, axis, "take_along_axis");
  const auto [from, to] = broadcast_except(a, indices, at, s);
  return array(to.shape(), a.dtype(), make_pooled<GatherAxis>(to_stream(s), at), {from, to});
}

array update_along_axis(Combine combine, const array& a, const array& indices, const array& values,
                        int axis, StreamOrDevice s) {
  const char* where = combine == Combine::add ? "scatter_add_axis" : "put_along_axis";
  const int at = matching_axis(a, indices, axis, where);
  const array places = broadcast_to(indices, with_length(a.shape(), at, indices.shape(at)), s);
  const array what = broadcast_to(astype(values, a.dtype(), s), places.shape(), s);
  return array(a.shape(), a.dtype(), make_pooled<ScatterAxis>(to_stream(s), combine, at),
               {a, places, what});
}

array put_along_axis(const array& a, const array& indices, const array& values, int axis,
                     StreamOrDevice s) {
  return update_along_axis(Combine::replace, a, indices, values, axis, s);
}

array scatter_add_axis(const array& a, const array& indices, const array& values, int axis,
                       StreamOrDevice s) {
  return update_along_axis(Combine::add, a, indices, values, axis, s);
}

}  // namespace quern
