#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

#include "engine/graph/trace.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "engine/primitives/shape.h"

namespace quern {

array concatenate(std::vector<array> arrays, int axis, StreamOrDevice s) {
  if (arrays.empty()) throw std::invalid_argument("[concatenate] no arrays are given");
  const array& first = arrays[0];
  const auto at = size_t(normalize_axis(axis, int(first.ndim()), "concatenate"));
  const Dtype dtype = result_type(arrays);
  Shape out = first.shape();
  int64_t total = 0;
  for (array& a : arrays) {
    Shape same = a.shape();
    if (same.size() == out.size()) {
      total += same[at];
      same[at] = out[at];
    }
    if (same != out) {
      throw std::invalid_argument(
          fmt::format("[concatenate] shapes {} and {} differ outside axis {}",
                      to_string(first.shape()), to_string(a.shape()), at));
    }
    a = astype(a, dtype, s);
  }
  if (total > INT32_MAX) {
    throw std::overflow_error(
        fmt::format("[concatenate] axis {} would have {} elements", at, total));
  }
  if (arrays.size() == 1) return arrays[0];
  out[at] = ShapeElem(total);
  return array(std::move(out), dtype, make_pooled<Concatenate>(to_stream(s), int(at)),
               std::move(arrays));
}

array concatenate(std::vector<array> arrays, StreamOrDevice s) {
  for (array& a : arrays) a = flatten(a, s);
  return concatenate(std::move(arrays), 0, s);
}

array stack(const std::vector<array>& arrays, int axis, StreamOrDevice s) {
  if (arrays.empty()) throw std::invalid_argument("[stack] no arrays are given");
  std::vector<array> expanded;
  for (const array& a : arrays) {
    if (a.shape() != arrays[0].shape()) {
      throw std::invalid_argument(fmt::format("[stack] shapes {} and {} differ",
                                              to_string(arrays[0].shape()), to_string(a.shape())));
    }
    expanded.push_back(expand_dims(a, axis, s));
  }
  return concatenate(std::move(expanded), axis, s);
}

array stack(const std::vector<array>& arrays, StreamOrDevice s) { return stack(arrays, 0, s); }

std::vector<array> split(const array& a, const Shape& indices, int axis, StreamOrDevice s) {
  const auto at = size_t(normalize_axis(axis, int(a.ndim()), "split"));
  const ShapeElem length = a.shape()[at];
  std::vector<array> parts;
  Shape start(a.ndim(), 0), stop = a.shape();
  for (size_t i = 0; i <= indices.size(); ++i) {
    ShapeElem end = length;
    if (i < indices.size()) end = indices[i] < 0 ? indices[i] + length : indices[i];
    stop[at] = end;
    parts.push_back(slice(a, start, stop, s));
    start[at] = end;
  }
  return parts;
}

std::vector<array> split(const array& a, const Shape& indices, StreamOrDevice s) {
  return split(a, indices, 0, s);
}

std::vector<array> split(const array& a, int num_splits, int axis, StreamOrDevice s) {
  const int at = normalize_axis(axis, int(a.ndim()), "split");
  if (num_splits <= 0 || a.shape(at) % num_splits != 0) {
    throw std::invalid_argument(
        fmt::format("[split] axis {} of shape {} does not divide into {} equal parts", at,
                    to_string(a.shape()), num_splits));
  }
  if (Trace::any_shape()) return unstack(unflatten(a, at, {num_splits, -1}, s), at, s);
  Shape indices;
  for (int i = 1; i < num_splits; ++i) indices.push_back(a.shape(at) / num_splits * i);
  return split(a, indices, at, s);
}

std::vector<array> split(const array& a, int num_splits, StreamOrDevice s) {
  return split(a, num_splits, 0, s);
}

std::vector<array> unstack(const array& a, int axis, StreamOrDevice s) {
  const int at = normalize_axis(axis, int(a.ndim()), "unstack");
  std::vector<array> slices;
  Shape start(a.ndim(), 0), stop = a.shape();
  for (int i = 0; i < a.shape(at); ++i) {
    start[size_t(at)] = i;
    stop[size_t(at)] = i + 1;
    slices.push_back(squeeze(slice(a, start, stop, s), at, s));
  }
  return slices;
}

std::vector<array> unstack(const array& a, StreamOrDevice s) { return unstack(a, 0, s); }

namespace {

/// The array `copies` times along an axis, which has length 1 unless a graph is recorded for any
/// shape: then repeating leaves the other axes open.
array copied(const array& a, int copies, int axis, StreamOrDevice s) {
  Shape shape = a.shape();
  if (Trace::any_shape() && copies > 0) {
    return concatenate(std::vector<array>(size_t(copies), a), axis, s);
  }
  shape[size_t(axis)] = copies;
  return broadcast_to(a, shape, s);
}

void require_repeats(int repeats, const char* where) {
  if (repeats >= 0) return;
  throw std::invalid_argument(fmt::format("[{}] {} repeats are asked for", where, repeats));
}

}  // namespace

array repeat(const array& arr, int repeats, int axis, StreamOrDevice s) {
  const int at = normalize_axis(axis, int(arr.ndim()), "repeat");
  require_repeats(repeats, "repeat");
  return flatten(copied(expand_dims(arr, at + 1, s), repeats, at + 1, s), at, at + 1, s);
}

array repeat(const array& arr, int repeats, StreamOrDevice s) {
  return repeat(flatten(arr, s), repeats, 0, s);
}

array tile(const array& arr, std::vector<int> reps, StreamOrDevice s) {
  for (const int n : reps) require_repeats(n, "tile");
  if (reps.size() < arr.ndim()) reps.insert(reps.begin(), arr.ndim() - reps.size(), 1);
  std::vector<int> added(reps.size() - arr.ndim());
  std::iota(added.begin(), added.end(), 0);
  array out = expand_dims(arr, added, s);
  // From the last axis on, so that the axes before keep their numbers.
  for (int axis = int(reps.size()) - 1; axis >= 0; --axis) {
    if (reps[size_t(axis)] == 1) continue;
    out = copied(expand_dims(out, axis, s), reps[size_t(axis)], axis, s);
    out = flatten(out, axis, axis + 1, s);
  }
  return out;
}

}  // namespace quern
