#pragma once

#include <optional>

#include "engine/array/array.h"

namespace quern::cpu {

/// Strides that read `a`, evaluated, in row-major order under another shape; none where its
/// elements have to be copied for that.
std::optional<Strides> reshaped_strides(const array& a, const Shape& shape);

}  // namespace quern::cpu
