#pragma once

#include <type_traits>

#include "engine/array/array.h"

namespace quern {

/// A C++ number that stands for an array in `a + 2.0f`: it becomes array(value), a 0-d array that
/// promotes like any other.
template <typename T>
concept Scalar = std::is_arithmetic_v<T> || std::is_same_v<T, float16_t> ||
    std::is_same_v<T, bfloat16_t> || std::is_same_v<T, complex64_t>;

}  // namespace quern
