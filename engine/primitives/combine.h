#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/array/array.h"

namespace quern {

/// How an update meets the element that is there.
enum class Combine : uint8_t { replace, add, multiply, maximum, minimum };

/// A part of an array, as the rules of the primitives that update one see it: how ops read it, and
/// how they write it in any way of combining.
struct Part {
  std::function<array(const array& whole)> read;
  std::function<array(const array& whole, const array& update, Combine combine)> write;
  bool repeats;  ///< an element may be in it more than once
};

/// Gradient of the whole array, given that of `result`, which is the whole updated.
array combine_whole_vjp(Combine combine, const Part& part, const array& whole, const array& update,
                        const array& result, const array& cotangent);

/// Gradient of the update. Of several that replace an element, only the last has one; those that
/// share a maximum all have it.
array combine_update_vjp(Combine combine, const Part& part, const array& whole, const array& update,
                         const array& result, const array& cotangent);

/// Tangent of the result, given those of whole and update.
array combine_jvp(Combine combine, const Part& part, const array& whole, const array& update,
                  const array& result, const array& whole_tangent, const array& update_tangent);

}  // namespace quern
