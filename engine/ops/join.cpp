#include <fmt/format.h>

#include <stdexcept>

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
  return array(std::move(out), dtype, std::make_shared<Concatenate>(to_stream(s), int(at)),
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
  const auto at = size_t(normalize_axis(axis, int(a.ndim()), "split"));
  if (num_splits <= 0 || a.shape()[at] % num_splits != 0) {
    throw std::invalid_argument(
        fmt::format("[split] axis {} of shape {} does not divide into {} equal parts", at,
                    to_string(a.shape()), num_splits));
  }
  Shape indices;
  for (int i = 1; i < num_splits; ++i) indices.push_back(a.shape()[at] / num_splits * i);
  return split(a, indices, axis, s);
}

std::vector<array> split(const array& a, int num_splits, StreamOrDevice s) {
  return split(a, num_splits, 0, s);
}

array repeat(const array& a, int repeats, int axis, StreamOrDevice s) {
  const auto at = size_t(normalize_axis(axis, int(a.ndim()), "repeat"));
  if (repeats < 0)
    throw std::invalid_argument(fmt::format("[repeat] {} repeats are asked for", repeats));
  Shape wide = a.shape();
  wide.insert(wide.begin() + at + 1, repeats);
  Shape out = a.shape();
  if (__builtin_mul_overflow(out[at], repeats, &out[at])) {
    throw std::overflow_error(fmt::format("[repeat] axis {} of {} elements times {} is too long",
                                          at, a.shape()[at], repeats));
  }
  return reshape(broadcast_to(expand_dims(a, int(at) + 1, s), wide, s), std::move(out), s);
}

}  // namespace quern
