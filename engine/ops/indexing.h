#pragma once

#include <vector>

#include "engine/array/array.h"

namespace quern {

// Indices are arrays of any integer dtype; negative ones count from the end of their axis. An index
// outside its axis throws std::out_of_range when the result is evaluated.

/// Slices of `a`, of size `slice_sizes`, that start at `indices` along `axes` and at 0 along the
/// others. Result: the indices' broadcast shape, then slice_sizes.
array gather(const array& a, const std::vector<array>& indices, const std::vector<int>& axes,
             const Shape& slice_sizes, StreamOrDevice s = {});
array gather(const array& a, const array& indices, int axis, const Shape& slice_sizes,
             StreamOrDevice s = {});

/// Elements of one axis; without an axis, of the flattened array. Axis `axis` is replaced by the
/// indices' shape.
array take(const array& a, const array& indices, int axis, StreamOrDevice s = {});
array take(const array& a, int index, int axis, StreamOrDevice s = {});
array take(const array& a, const array& indices, StreamOrDevice s = {});
array take(const array& a, int index, StreamOrDevice s = {});

/// out[.., i, ..] = a[.., indices[.., i, ..], ..] along the axis; the other axes broadcast.
array take_along_axis(const array& a, const array& indices, int axis, StreamOrDevice s = {});
/// `a` with out[.., indices[.., i, ..], ..] = values[.., i, ..] along the axis.
array put_along_axis(const array& a, const array& indices, const array& values, int axis,
                     StreamOrDevice s = {});

}  // namespace quern
