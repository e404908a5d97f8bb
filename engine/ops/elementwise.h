#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/graph/trace.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"

namespace quern {

/// The dtype that a function of real numbers computes in: float32 for bool and integers.
inline Dtype at_least_float(Dtype dtype) { return issubdtype(dtype, inexact) ? dtype : float32; }

/// Whether a dtype has 16 bits, so that more than one rounding would show.
inline bool is_half(Dtype dtype) { return dtype == float16 || dtype == bfloat16; }

/// A node of an elementwise primitive P over one array, already of the dtype P wants.
template <typename P>
array elementwise_node(const array& a, Dtype out, StreamOrDevice s) {
  return array(a.shape(), out, make_pooled<P>(to_stream(s)), {a});
}

/// Whether all have one shape, so that there is nothing to broadcast. Never while a graph is
/// recorded for shapes that may differ.
inline bool have_one_shape(const std::vector<array>& arrays) {
  return !Trace::any_shape() && std::all_of(arrays.begin() + 1, arrays.end(), [&](const array& a) {
    return a.shape() == arrays[0].shape();
  });
}

/// The same over several: converted to `in` and broadcast against each other first.
template <typename P>
array elementwise_node(std::vector<array> inputs, Dtype in, Dtype out, StreamOrDevice s) {
  for (array& a : inputs) {
    if (a.dtype() != in) a = astype(std::move(a), in, s);
  }
  if (!have_one_shape(inputs)) inputs = broadcast_arrays(inputs, s);
  Shape shape = inputs[0].shape();
  return array(std::move(shape), out, make_pooled<P>(to_stream(s)), std::move(inputs));
}

template <typename P>
array elementwise_node(const array& a, const array& b, Dtype in, Dtype out, StreamOrDevice s) {
  std::vector<array> inputs;  // a list in braces would copy both once more
  inputs.reserve(2);
  inputs.push_back(a);
  inputs.push_back(b);
  return elementwise_node<P>(std::move(inputs), in, out, s);
}

}  // namespace quern
