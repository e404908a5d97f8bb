#pragma once

#include <utility>
#include <vector>

#include "engine/array/array.h"

namespace quern {

// What the vmap rules of primitives are made of. `axes[i]` is where inputs[i] carries the batch, or
// -1 where it carries none.

/// The inputs with the batch as their first axis; those without one are left alone.
std::vector<array> batch_first(const std::vector<array>& inputs, const std::vector<int>& axes);

/// The same, and those without one repeat themselves over it, so that all have it.
std::vector<array> broadcast_batch_first(const std::vector<array>& inputs,
                                         const std::vector<int>& axes);

/// Inputs of one shape but for the batch, broadcast and turned so that all carry it at one axis,
/// which is returned too: where the first that has it has it.
std::pair<std::vector<array>, int> align_batch(const std::vector<array>& inputs,
                                               const std::vector<int>& axes);

/// Length of the batch.
ShapeElem batch_size(const std::vector<array>& inputs, const std::vector<int>& axes);

/// Zeros like primals[argnums[i]]: the gradients of what does not depend on them.
std::vector<array> zeros_of(const std::vector<array>& primals, const std::vector<int>& argnums);

}  // namespace quern
