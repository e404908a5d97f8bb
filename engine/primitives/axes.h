#pragma once

#include <vector>

#include "engine/array/array.h"

namespace quern {

// What the rules of primitives that name axes are made of.

/// Axes of an array as they are once another axis is put in front of number `batch`.
std::vector<int> shifted(std::vector<int> axes, int batch);

/// `lengths` with one more in front of number `axis`.
Shape inserted(Shape lengths, int axis, ShapeElem length);

/// Whether an array of one shape broadcasts to the other.
bool broadcasts_to(const Shape& from, const Shape& to);

/// The tangents of all primals: zeros for those that argnums does not name.
Arrays tangents_or_zeros(const Arrays& primals, const Arrays& tangents,
                         const std::vector<int>& argnums);

}  // namespace quern
