#include "engine/primitives/pad.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"

namespace quern {

namespace {

/// How an array goes on past its ends.
enum class Extension { edge, reflect, symmetric };

/// The position, inside an axis, whose element an extended axis has at `i`, outside or inside.
int mirrored(int64_t i, int64_t length, Extension extension) {
  if (length == 1) return 0;
  const bool repeats_ends = extension == Extension::symmetric;
  const int64_t period = repeats_ends ? 2 * length : 2 * (length - 1);
  const int64_t place = ((i % period) + period) % period;
  return int(place < length ? place : period - place - (repeats_ends ? 1 : 0));
}

array repeated_end(const array& a, int axis, ShapeElem position, int count, StreamOrDevice s) {
  Shape start(a.ndim(), 0), stop = a.shape();
  start[size_t(axis)] = position;
  stop[size_t(axis)] = position == -1 ? std::numeric_limits<ShapeElem>::max() : position + 1;
  const array end = slice(a, std::move(start), std::move(stop), s);
  Shape shape = end.shape();
  shape[size_t(axis)] = count;
  return broadcast_to(end, shape, s);
}

/// Elements from `first` down to before `end`.
array reversed(const array& a, int axis, ShapeElem first, ShapeElem end, StreamOrDevice s) {
  Shape start(a.ndim(), 0), stop = a.shape(), strides(a.ndim(), 1);
  start[size_t(axis)] = first;
  stop[size_t(axis)] = end;
  strides[size_t(axis)] = -1;
  return slice(a, std::move(start), std::move(stop), std::move(strides), s);
}

array extend_axis(const array& a, int axis, int low, int high, Extension extension,
                  StreamOrDevice s) {
  if (low == 0 && high == 0) return a;
  const int length = a.shape(axis);
  if (length == 0) {
    throw std::invalid_argument(fmt::format("[pad] axis {} of shape {} has no elements to repeat",
                                            axis, to_string(a.shape())));
  }
  const bool edge = extension == Extension::edge;
  const int skipped = extension == Extension::reflect ? 1 : 0;
  if (!edge && std::max(low, high) > length - skipped) {
    std::vector<int> places;
    for (int64_t i = -int64_t(low); i < int64_t(length) + high; ++i) {
      places.push_back(mirrored(i, length, extension));
    }
    return take(a, array(places.begin(), Shape{int(places.size())}, int32), axis, s);
  }
  std::vector<array> parts;
  if (low > 0) {
    const ShapeElem end = skipped ? 0 : std::numeric_limits<ShapeElem>::min();
    parts.push_back(edge ? repeated_end(a, axis, 0, low, s)
                         : reversed(a, axis, low - 1 + skipped, end, s));
  }
  parts.push_back(a);
  if (high > 0) {
    parts.push_back(edge ? repeated_end(a, axis, -1, high, s)
                         : reversed(a, axis, -1 - skipped, -1 - skipped - high, s));
  }
  return concatenate(std::move(parts), axis, s);
}

array pad_constant(const array& a, const Shape& low, const Shape& high, const array& value,
                   StreamOrDevice s) {
  if (value.size() != 1) {
    throw std::invalid_argument(
        fmt::format("[pad] the value must be a scalar, not of shape {}", to_string(value.shape())));
  }
  const array scalar = astype(value.ndim() == 0 ? value : reshape(value, Shape{}, s), a.dtype(), s);
  auto primitive = make_pooled<Pad>(to_stream(s), low, high);
  Shape shape = std::move(primitive->output_shapes({a, scalar})[0]);
  return array(std::move(shape), a.dtype(), std::move(primitive), {a, scalar});
}

}  // namespace

array pad(const array& a, const std::vector<int>& axes, const Shape& low_pad_size,
          const Shape& high_pad_size, const array& pad_value, const std::string& mode,
          StreamOrDevice s) {
  if (axes.size() != low_pad_size.size() || axes.size() != high_pad_size.size()) {
    throw std::invalid_argument(
        fmt::format("[pad] {} axes need as many sizes before and after, got {} and {}", axes.size(),
                    low_pad_size.size(), high_pad_size.size()));
  }
  const std::pair<const char*, Extension> extensions[] = {{"edge", Extension::edge},
                                                          {"reflect", Extension::reflect},
                                                          {"symmetric", Extension::symmetric}};
  const auto extension = std::find_if(std::begin(extensions), std::end(extensions),
                                      [&](const auto& e) { return mode == e.first; });
  if (mode != "constant" && extension == std::end(extensions)) {
    throw std::invalid_argument(
        fmt::format("[pad] mode is constant, edge, reflect or symmetric, not \"{}\"", mode));
  }
  Shape low(a.ndim(), 0), high(a.ndim(), 0);
  std::vector<bool> given(a.ndim(), false);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto at = size_t(normalize_axis(axes[i], int(a.ndim()), "pad"));
    if (given[at])
      throw std::invalid_argument(fmt::format("[pad] axis {} is given twice", axes[i]));
    if (low_pad_size[i] < 0 || high_pad_size[i] < 0) {
      throw std::invalid_argument(fmt::format("[pad] cannot pad axis {} by {} and {} elements", at,
                                              low_pad_size[i], high_pad_size[i]));
    }
    given[at] = true;
    low[at] = low_pad_size[i];
    high[at] = high_pad_size[i];
  }
  if (mode == "constant") return pad_constant(a, low, high, pad_value, s);
  Pad(to_stream(s), low, high).output_shapes({a});  // throws for axes that get too long
  array out = a;
  for (size_t i = 0; i < a.ndim(); ++i) {
    out = extend_axis(out, int(i), low[i], high[i], extension->second, s);
  }
  return out;
}

array pad(const array& a, const std::vector<std::pair<int, int>>& pad_width, const array& pad_value,
          const std::string& mode, StreamOrDevice s) {
  if (pad_width.size() != a.ndim()) {
    throw std::invalid_argument(fmt::format("[pad] {} pairs are given for shape {}",
                                            pad_width.size(), to_string(a.shape())));
  }
  std::vector<int> axes;
  Shape low, high;
  for (const auto& [before, after] : pad_width) {
    axes.push_back(int(axes.size()));
    low.push_back(before);
    high.push_back(after);
  }
  return pad(a, axes, low, high, pad_value, mode, s);
}

array pad(const array& a, const std::pair<int, int>& pad_width, const array& pad_value,
          const std::string& mode, StreamOrDevice s) {
  return pad(a, std::vector<std::pair<int, int>>(a.ndim(), pad_width), pad_value, mode, s);
}

array pad(const array& a, int pad_width, const array& pad_value, const std::string& mode,
          StreamOrDevice s) {
  return pad(a, std::pair<int, int>(pad_width, pad_width), pad_value, mode, s);
}

}  // namespace quern
