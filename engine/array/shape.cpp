#include "engine/array/shape.h"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

#include "engine/array/impl.h"

namespace quern {

size_t element_count(const Shape& shape) { return element_count(shape, "array"); }

size_t element_count(const Shape& shape, const char* where) {
  int64_t count = 1;
  bool empty = false;
  for (const ShapeElem axis : shape) {
    if (axis < 0) {
      throw std::invalid_argument(
          fmt::format("[{}] a dimension is negative in shape {}", where, to_string(shape)));
    }
    // Strides are products of the other lengths, and must be countable too.
    if (axis == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(count, int64_t(axis), &count)) {
      throw std::overflow_error(
          fmt::format("[{}] shape {} has more elements than 2^63 - 1", where, to_string(shape)));
    }
  }
  return empty ? 0 : size_t(count);
}

Strides row_major_strides(const Shape& shape) {
  Strides strides(shape.size());
  int64_t step = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  const size_t lead = longer.size() - shorter.size();
  Shape out = longer;
  for (size_t i = 0; i < shorter.size(); ++i) {
    const ShapeElem x = longer[lead + i], y = shorter[i];
    if (x != y && x != 1 && y != 1) {
      throw std::invalid_argument(fmt::format(
          "[broadcast_shapes] shapes {} and {} cannot be broadcast", to_string(a), to_string(b)));
    }
    out[lead + i] = x == 1 ? y : x;
  }
  return out;
}

int normalize_axis(int axis, int ndim, const char* where) {
  if (axis >= 0 && axis < ndim) return axis;
  return normalize_axis_index(axis, ndim, fmt::format("[{}] ", where));
}

int normalize_axis_index(int axis, int ndim, const std::string& message_prefix) {
  if (axis < -ndim || axis >= ndim) {
    throw std::invalid_argument(fmt::format(
        "{}axis {} is out of range for an array with {} dimensions", message_prefix, axis, ndim));
  }
  return axis < 0 ? axis + ndim : axis;
}

namespace {
template <typename V>
std::string join(const V& values) {
  return fmt::format("({})", fmt::join(values.begin(), values.end(), ","));
}
}  // namespace

std::string to_string(const Shape& shape) { return join(shape); }
std::ostream& operator<<(std::ostream& os, const Shape& shape) { return os << join(shape); }
std::ostream& operator<<(std::ostream& os, const Strides& strides) { return os << join(strides); }

}  // namespace quern
