#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/array/array.h"
#include "engine/primitives/primitive.h"

namespace quern::cpu {

/// What stands for memory where kernels are only planned.
struct PlannedMemory {
  /// A buffer of so many bytes, of which nothing is read or written.
  std::function<std::shared_ptr<Buffer>(size_t)> allocate;
  /// Whether a kernel might write its result over input k.
  std::function<bool(size_t)> may_take;
};

/// Gives the outputs the layout and memory that the primitive's kernel would give them, and asks
/// for the working memory that it would hold, without reading an element. Inputs and outputs are as
/// a kernel has them, but for buffers that have no bytes.
///
/// What is not known here by name is taken to allocate its outputs and nothing else. Working memory
/// counts where it grows with the arrays: blocks that stay in the cache are left out.
void plan_memory(const Primitive& primitive, const std::vector<array>& inputs,
                 std::vector<array>& outputs, const PlannedMemory& memory);

}  // namespace quern::cpu
