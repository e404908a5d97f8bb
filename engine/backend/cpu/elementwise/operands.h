#pragma once

#include "engine/array/array.h"
#include "engine/backend/cpu/elementwise/tiles.h"

namespace quern::cpu {

// What kernels over elementwise primitives, single or fused, have in common.

/// Whether two arrays of one shape have the same strides.
bool same_layout(const array& a, const array& b);

/// The input whose dense layout all others share (those that are one repeated element have none);
/// nullptr when there is no such input.
const array* common_layout(const Arrays& in);

/// Memory for the output in that layout, or row-major without one: that of an input which nobody
/// needs any more, if `may_overwrite`, or its own. Returns whether it is its own.
bool provide(array& out, const Arrays& in, const array* layout, bool may_overwrite);

/// The tile for inputs of a dtype, and the dtype that it computes in; nullptr when there is none.
Tile look_up_tile(const Primitive& primitive, Dtype dtype, Dtype& compute);

/// The same. Throws std::invalid_argument when there is none.
Tile find_tile(const Primitive& primitive, Dtype dtype, Dtype& compute);

}  // namespace quern::cpu
