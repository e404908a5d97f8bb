#include <fmt/format.h>

#include <set>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/indexing.h"
#include "engine/ops/scan.h"
#include "engine/ops/shape.h"
#include "engine/ops/update.h"
#include "engine/primitives/indexing.h"

namespace quern {

namespace {

void require_slices(const array& a, const std::vector<array>& indices, const array& updates,
                    const std::vector<int>& axes, const Shape& index_shape, const char* where) {
  if (indices.size() != axes.size() || indices.size() > a.ndim()) {
    throw std::invalid_argument(
        fmt::format("[{}] {} index arrays and {} axes are given for shape {}", where,
                    indices.size(), axes.size(), to_string(a.shape())));
  }
  for (const array& i : indices) {
    if (!issubdtype(i.dtype(), integer)) {
      throw std::invalid_argument(
          fmt::format("[{}] indices must be integers, got {}", where, dtype_name(i.dtype())));
    }
  }
  const size_t lead = index_shape.size();
  bool fits = updates.ndim() == lead + a.ndim();
  for (size_t i = 0; fits && i < updates.ndim(); ++i) {
    fits =
        i < lead ? updates.shape()[i] == index_shape[i] : updates.shape()[i] <= a.shape()[i - lead];
  }
  if (fits) return;
  throw std::invalid_argument(
      fmt::format("[{}] updates of shape {} are not slices of shape {} for indices of shape {}",
                  where, to_string(updates.shape()), to_string(a.shape()), to_string(index_shape)));
}

}  // namespace

array update_gathered(Combine combine, const array& a, const std::vector<array>& indices,
                      const array& updates, const std::vector<int>& axes, StreamOrDevice s) {
  const char* where = scatter_name(combine);
  std::vector<array> inputs = broadcast_arrays(indices, s);
  const Shape index_shape = inputs.empty() ? Shape{} : inputs[0].shape();
  require_slices(a, indices, updates, axes, index_shape, where);
  std::vector<int> places;
  for (const int axis : axes) places.push_back(normalize_axis(axis, int(a.ndim()), where));
  if (std::set<int>(places.begin(), places.end()).size() != places.size()) {
    throw std::invalid_argument(fmt::format("[{}] an axis is given twice", where));
  }
  inputs.insert(inputs.begin(), a);
  inputs.push_back(astype(updates, a.dtype(), s));
  return array(a.shape(), a.dtype(),
               std::make_shared<Scatter>(to_stream(s), combine, std::move(places)),
               std::move(inputs));
}

const char* scatter_name(Combine combine) {
  switch (combine) {
    case Combine::replace:
      return "scatter";
    case Combine::add:
      return "scatter_add";
    case Combine::multiply:
      return "scatter_prod";
    case Combine::maximum:
      return "scatter_max";
    case Combine::minimum:
      return "scatter_min";
  }
  throw std::invalid_argument(
      fmt::format("[scatter] there is no way {} of combining", int(combine)));
}

array scatter(const array& a, const std::vector<array>& indices, const array& updates,
              const std::vector<int>& axes, StreamOrDevice s) {
  return update_gathered(Combine::replace, a, indices, updates, axes, s);
}
array scatter(const array& a, const array& indices, const array& updates, int axis,
              StreamOrDevice s) {
  return update_gathered(Combine::replace, a, {indices}, updates, {axis}, s);
}

array scatter_add(const array& a, const std::vector<array>& indices, const array& updates,
                  const std::vector<int>& axes, StreamOrDevice s) {
  return update_gathered(Combine::add, a, indices, updates, axes, s);
}
array scatter_add(const array& a, const array& indices, const array& updates, int axis,
                  StreamOrDevice s) {
  return update_gathered(Combine::add, a, {indices}, updates, {axis}, s);
}

array scatter_prod(const array& a, const std::vector<array>& indices, const array& updates,
                   const std::vector<int>& axes, StreamOrDevice s) {
  return update_gathered(Combine::multiply, a, indices, updates, axes, s);
}
array scatter_prod(const array& a, const array& indices, const array& updates, int axis,
                   StreamOrDevice s) {
  return update_gathered(Combine::multiply, a, {indices}, updates, {axis}, s);
}

array scatter_max(const array& a, const std::vector<array>& indices, const array& updates,
                  const std::vector<int>& axes, StreamOrDevice s) {
  return update_gathered(Combine::maximum, a, indices, updates, axes, s);
}
array scatter_max(const array& a, const array& indices, const array& updates, int axis,
                  StreamOrDevice s) {
  return update_gathered(Combine::maximum, a, {indices}, updates, {axis}, s);
}

array scatter_min(const array& a, const std::vector<array>& indices, const array& updates,
                  const std::vector<int>& axes, StreamOrDevice s) {
  return update_gathered(Combine::minimum, a, indices, updates, axes, s);
}
array scatter_min(const array& a, const array& indices, const array& updates, int axis,
                  StreamOrDevice s) {
  return update_gathered(Combine::minimum, a, {indices}, updates, {axis}, s);
}

array masked_scatter(const array& a, const array& mask, const array& src, StreamOrDevice s) {
  if (mask.dtype() != bool_) {
    throw std::invalid_argument(
        fmt::format("[masked_scatter] the mask must be bool, not {}", dtype_name(mask.dtype())));
  }
  const size_t lead = mask.ndim();
  if (lead > a.ndim() || !std::equal(mask.shape().begin(), mask.shape().end(), a.shape().begin())) {
    throw std::invalid_argument(
        fmt::format("[masked_scatter] a mask of shape {} does not select from shape {}",
                    to_string(mask.shape()), to_string(a.shape())));
  }
  const Shape one(a.shape().begin() + lead, a.shape().end());
  const array selected = reshape(
      mask,
      [&] {
        Shape shape = mask.shape();
        shape.resize(a.ndim(), 1);
        return shape;
      }(),
      s);
  const array values = astype(src, a.dtype(), s);
  if (src.ndim() <= one.size()) {
    if (broadcast_shapes(src.shape(), one) != one) {
      throw std::invalid_argument(
          fmt::format("[masked_scatter] src of shape {} does not broadcast to shape {}",
                      to_string(src.shape()), to_string(one)));
    }
    return where(selected, values, a, s);
  }
  if (src.ndim() != one.size() + 1 ||
      !std::equal(one.begin(), one.end(), src.shape().begin() + 1)) {
    throw std::invalid_argument(
        fmt::format("[masked_scatter] src of shape {} is no list of elements of shape {}",
                    to_string(src.shape()), to_string(one)));
  }
  // The n-th selected place takes element n. Those that are not selected take the one before, which
  // is never past the end (before the first: the last).
  const array number =
      subtract(cumsum(astype(flatten(mask, s), int32, s), 0, false, true, s), array(1), s);
  const array taken = take(values, reshape(number, mask.shape(), s), 0, s);
  return where(selected, taken, a, s);
}

}  // namespace quern
