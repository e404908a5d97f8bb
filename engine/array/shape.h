#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "engine/array/small_vector.h"

namespace quern {

using ShapeElem = int32_t;
using Shape = SmallVector<ShapeElem>;

/// Distance between neighbours along each axis, in elements; 0 where an axis is broadcast.
using Strides = SmallVector<int64_t>;

/// Number of elements. Throws std::overflow_error past 2^63 - 1 and std::invalid_argument for a
/// negative axis.
size_t element_count(const Shape& shape);

/// Strides of a row-major array of this shape.
Strides row_major_strides(const Shape& shape);

/// The shape that a and b broadcast to together (NumPy's rule). Throws std::invalid_argument.
Shape broadcast_shapes(const Shape& a, const Shape& b);

/// axis counted from the end when negative. Throws std::invalid_argument, naming `where`, when it
/// is outside [-ndim, ndim).
int normalize_axis(int axis, int ndim, const char* where);
/// The same under MLX's name: the text of the error begins with `message_prefix`.
int normalize_axis_index(int axis, int ndim, const std::string& message_prefix = "");

/// "(2,3)".
std::string to_string(const Shape& shape);
std::ostream& operator<<(std::ostream& os, const Shape& shape);
std::ostream& operator<<(std::ostream& os, const Strides& strides);

}  // namespace quern
