#include <fmt/format.h>

#include <set>
#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "engine/primitives/slice.h"

namespace quern {

namespace {

std::vector<int> checked_axes(const array& a, const array& start, std::vector<int> axes,
                              const char* where) {
  if (start.ndim() > 1 || start.size() != axes.size() || !issubdtype(start.dtype(), integer)) {
    throw std::invalid_argument(
        fmt::format("[{}] {} axes need as many integers to start at, got {} of shape {}", where,
                    axes.size(), dtype_name(start.dtype()), to_string(start.shape())));
  }
  for (int& axis : axes) axis = normalize_axis(axis, int(a.ndim()), where);
  if (std::set<int>(axes.begin(), axes.end()).size() != axes.size()) {
    throw std::invalid_argument(fmt::format("[{}] an axis is given twice", where));
  }
  return axes;
}

void require_fit(const Shape& part, const Shape& whole, const char* where) {
  bool fits = part.size() == whole.size();
  for (size_t i = 0; fits && i < whole.size(); ++i) fits = part[i] >= 0 && part[i] <= whole[i];
  if (fits) return;
  throw std::invalid_argument(fmt::format("[{}] a slice of shape {} does not fit into shape {}",
                                          where, to_string(part), to_string(whole)));
}

}  // namespace

array slice(const array& a, const array& start, std::vector<int> axes, Shape slice_size,
            StreamOrDevice s) {
  axes = checked_axes(a, start, std::move(axes), "slice");
  require_fit(slice_size, a.shape(), "slice");
  Shape shape = slice_size;
  return array(std::move(shape), a.dtype(),
               std::make_shared<DynamicSlice>(to_stream(s), std::move(axes), std::move(slice_size)),
               {a, start});
}

array slice_update(const array& src, const array& update, const array& start, std::vector<int> axes,
                   StreamOrDevice s) {
  axes = checked_axes(src, start, std::move(axes), "slice_update");
  // Missing leading axes are of length 1; the axes that do not start anywhere are covered whole.
  Shape part = broadcast_shapes(update.shape(), Shape(src.ndim(), 1));
  for (size_t i = 0; i < part.size() && part.size() == src.ndim(); ++i) {
    if (part[i] == 1 && std::find(axes.begin(), axes.end(), int(i)) == axes.end())
      part[i] = src.shape()[i];
  }
  require_fit(part, src.shape(), "slice_update");
  const array value = broadcast_to(astype(update, src.dtype(), s), part, s);
  return array(src.shape(), src.dtype(),
               std::make_shared<DynamicSliceUpdate>(to_stream(s), std::move(axes)),
               {src, value, start});
}

}  // namespace quern
