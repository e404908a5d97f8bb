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
#include "engine/primitives/axes.h"
#include "engine/primitives/indexing.h"
#include "engine/primitives/reshape.h"

namespace quern {

namespace {

void require_indices(const array& a, const std::vector<array>& indices,
                     const std::vector<int>& axes, const char* where) {
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
}

}  // namespace

array update_gathered(Combine combine, const array& a, const std::vector<array>& indices,
                      const array& updates, const std::vector<int>& axes, StreamOrDevice s) {
  const char* where = scatter_name(combine);
  require_indices(a, indices, axes, where);
  std::vector<array> inputs = broadcast_arrays(indices, s);
  require_slices(a, inputs, updates, where);
  std::vector<int> places;
  for (const int axis : axes) places.push_back(normalize_axis(axis, int(a.ndim()), where));
  if (std::set<int>(places.begin(), places.end()).size() != places.size()) {
    throw std::invalid_argument(fmt::format("[{}] an axis is given twice", where));
  }
  inputs.insert(inputs.begin(), a);
  inputs.push_back(astype(updates, a.dtype(), s));
  return array(a.shape(), a.dtype(), make_pooled<Scatter>(to_stream(s), combine, std::move(places)),
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
  const StreamContext stream(to_stream(s));
  std::vector<int> added;
  for (size_t i = lead; i < a.ndim(); ++i) added.push_back(int(i));
  const array selected = expand_dims(mask, added);
  const array values = astype(src, a.dtype());
  if (src.ndim() <= one.size()) {
    if (!broadcasts_to(src.shape(), one)) {
      throw std::invalid_argument(
          fmt::format("[masked_scatter] src of shape {} does not broadcast to shape {}",
                      to_string(src.shape()), to_string(one)));
    }
    return where(selected, values, a);
  }
  if (src.ndim() != one.size() + 1 ||
      !std::equal(one.begin(), one.end(), src.shape().begin() + 1)) {
    throw std::invalid_argument(
        fmt::format("[masked_scatter] src of shape {} is no list of elements of shape {}",
                    to_string(src.shape()), to_string(one)));
  }
  // The n-th selected place takes element n. Those that are not selected take the one before, which
  // is never past the end (before the first: the last).
  const array number = subtract(cumsum(astype(flatten(mask), int32), 0), array(1));
  const array taken = take(values, reshape_like(number, mask), 0);
  return where(selected, taken, a);
}

}  // namespace quern
