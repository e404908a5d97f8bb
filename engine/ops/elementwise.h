#pragma once

#include <memory>
#include <utility>
#include <vector>

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
  return array(a.shape(), out, std::make_shared<P>(to_stream(s)), {a});
}

/// The same over several: converted to `in` and broadcast against each other first.
template <typename P>
array elementwise_node(std::vector<array> inputs, Dtype in, Dtype out, StreamOrDevice s) {
  for (array& a : inputs) a = astype(std::move(a), in, s);
  inputs = broadcast_arrays(inputs, s);
  Shape shape = inputs[0].shape();
  return array(std::move(shape), out, std::make_shared<P>(to_stream(s)), std::move(inputs));
}

}  // namespace quern
