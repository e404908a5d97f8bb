#pragma once

#include "engine/array/array.h"

namespace quern::cpu {

/// Writes src's values, converted, to dst's elements: any two layouts of one shape, both evaluated.
void copy_into(const array& src, array& dst);

/// The same for a part of dst's memory: a view of it with dst's dtype, its first element
/// `byte_offset` into dst's buffer.
void copy_into(const array& src, array& dst, const Strides& dst_strides, size_t byte_offset);

/// Converts n dense elements; the ranges must not overlap.
void convert_elements(Dtype from, const void* in, Dtype to, void* out, size_t n);

/// a in row-major memory, aligned for its dtype: itself, or a copy.
array row_contiguous(const array& a);

}  // namespace quern::cpu
