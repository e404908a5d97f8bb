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
/// `a` with out[.., indices[.., i, ..], ..] = values[.., i, ..] along the axis; the last of
/// several.
array put_along_axis(const array& a, const array& indices, const array& values, int axis,
                     StreamOrDevice s = {});
/// The same with += instead of =.
array scatter_add_axis(const array& a, const array& indices, const array& values, int axis,
                       StreamOrDevice s = {});

// Updates of slices. `indices` broadcast together; `updates` has their shape, then that of a slice,
// which starts at the indices along `axes` and at 0 along the others. Updates that go to one
// element take effect in row-major order. Half dtypes sum and multiply in float32, and round once.
// Throw std::invalid_argument when updates has another shape or a slice does not fit into `a`.

/// The last update that goes to an element instead of it.
array scatter(const array& a, const std::vector<array>& indices, const array& updates,
              const std::vector<int>& axes, StreamOrDevice s = {});
array scatter(const array& a, const array& indices, const array& updates, int axis,
              StreamOrDevice s = {});

/// The sum of the element and all updates that go to it.
array scatter_add(const array& a, const std::vector<array>& indices, const array& updates,
                  const std::vector<int>& axes, StreamOrDevice s = {});
array scatter_add(const array& a, const array& indices, const array& updates, int axis,
                  StreamOrDevice s = {});

/// Their product.
array scatter_prod(const array& a, const std::vector<array>& indices, const array& updates,
                   const std::vector<int>& axes, StreamOrDevice s = {});
array scatter_prod(const array& a, const array& indices, const array& updates, int axis,
                   StreamOrDevice s = {});

/// The largest of them; NaN when any is.
array scatter_max(const array& a, const std::vector<array>& indices, const array& updates,
                  const std::vector<int>& axes, StreamOrDevice s = {});
array scatter_max(const array& a, const array& indices, const array& updates, int axis,
                  StreamOrDevice s = {});

/// The smallest of them; NaN when any is.
array scatter_min(const array& a, const std::vector<array>& indices, const array& updates,
                  const std::vector<int>& axes, StreamOrDevice s = {});
array scatter_min(const array& a, const array& indices, const array& updates, int axis,
                  StreamOrDevice s = {});

/// `a` with the elements of `src`, in order, where `mask` is true. The mask, bool, has a's first
/// axes; what it selects are elements of the rest's shape. `src` lists at least as many of those as
/// are selected, or broadcasts to one, which then goes everywhere. Throws std::invalid_argument for
/// shapes that do not fit, and std::out_of_range, when evaluated, for too short a list.
array masked_scatter(const array& a, const array& mask, const array& src, StreamOrDevice s = {});

}  // namespace quern
