#include "engine/primitives/pad.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/primitives/axes.h"

namespace quern {

namespace {

std::vector<int> all_axes(size_t ndim) {
  std::vector<int> axes;
  for (size_t i = 0; i < ndim; ++i) axes.push_back(int(i));
  return axes;
}

array total(const array& a) { return astype(sum(a), a.dtype()); }

}  // namespace

array Pad::padded(const array& a, const array& value) const {
  return pad(a, all_axes(low.size()), low, high, value);
}

array Pad::inside(const array& padded) const {
  Shape stop(high.size());
  for (size_t i = 0; i < stop.size(); ++i) stop[i] = high[i] > 0 ? -high[i] : INT32_MAX;
  return slice(padded, low, std::move(stop));
}

std::vector<Shape> Pad::output_shapes(const Arrays& inputs) const {
  Shape out = inputs[0].shape();
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t length = int64_t(out[i]) + low[i] + high[i];
    if (length > INT32_MAX) {
      throw std::overflow_error(fmt::format("[pad] axis {} would have {} elements", i, length));
    }
    out[i] = ShapeElem(length);
  }
  return {std::move(out)};
}

Arrays Pad::vjp(const Arrays&, const Arrays& cotangents, const std::vector<int>& argnums,
                const Arrays&) const {
  const array& c = cotangents[0];
  Arrays gradients;
  for (const int i : argnums) {
    gradients.push_back(i == 0 ? inside(c) : subtract(total(c), total(inside(c))));
  }
  return gradients;
}

Arrays Pad::jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
                const Arrays&) const {
  const Arrays all = tangents_or_zeros(primals, tangents, argnums);
  return {padded(all[0], all[1])};
}

Batched Pad::vmap(const Arrays& inputs, const std::vector<int>& axes, const Arrays& outputs) const {
  const array& value = inputs[1];
  if (axes[1] == -1) {
    const int at = axes[0];
    return {{pad(inputs[0], all_axes(low.size() + 1), inserted(low, at, 0), inserted(high, at, 0),
                 value)},
            {at}};
  }
  // One value for each element of the batch: where there would be another one outside.
  const size_t ndim = outputs[0].ndim();
  const array values = ndim == 0 ? value : expand_dims(value, [&] {
    std::vector<int> added = all_axes(ndim);
    for (int& axis : added) ++axis;
    return added;
  }());
  const array zero(0, inputs[0].dtype());
  const array is_inside = padded(full_like(inside(outputs[0]), array(true), bool_), array(false));
  const array a = axes[0] == -1 ? expand_dims(padded(inputs[0], zero), 0)
                                : pad(moveaxis(inputs[0], axes[0], 0), all_axes(ndim + 1),
                                      inserted(low, 0, 0), inserted(high, 0, 0), zero);
  return {{where(is_inside, a, values)}, {0}};
}

}  // namespace quern
