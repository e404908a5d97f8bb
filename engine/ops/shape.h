#pragma once

#include <utility>
#include <vector>

#include "engine/array/array.h"
#include "engine/ops/slice_update.h"

namespace quern {

// Layout: nothing here computes, and most of it copies nothing. Axes count from the end when
// negative; all functions throw std::invalid_argument, naming themselves and the numbers, for axes
// and shapes that do not fit.

/// The same elements, in row-major order, under another shape; one length may be -1 (inferred).
array reshape(const array& a, Shape shape, StreamOrDevice s = {});
/// Axis `axis` split into axes of these lengths (one may be -1).
array unflatten(const array& a, int axis, Shape shape, StreamOrDevice s = {});
/// Axes start_axis..end_axis (inclusive) merged into one.
array flatten(const array& a, int start_axis, int end_axis = -1, StreamOrDevice s = {});
array flatten(const array& a, StreamOrDevice s = {});

/// Without the axes of length 1: the given ones or all.
array squeeze(const array& a, const std::vector<int>& axes, StreamOrDevice s = {});
array squeeze(const array& a, int axis, StreamOrDevice s = {});
array squeeze(const array& a, StreamOrDevice s = {});
/// With new axes of length 1 at these places of the result.
array expand_dims(const array& a, const std::vector<int>& axes, StreamOrDevice s = {});
array expand_dims(const array& a, int axis, StreamOrDevice s = {});

/// Output axis i is input axis axes[i]; all axes reversed when none are given.
array transpose(const array& a, std::vector<int> axes, StreamOrDevice s = {});
array transpose(const array& a, std::initializer_list<int> axes, StreamOrDevice s = {});
array transpose(const array& a, StreamOrDevice s = {});
array swapaxes(const array& a, int axis1, int axis2, StreamOrDevice s = {});
array moveaxis(const array& a, int source, int destination, StreamOrDevice s = {});

array broadcast_to(const array& a, const Shape& shape, StreamOrDevice s = {});
std::vector<array> broadcast_arrays(const std::vector<array>& inputs, StreamOrDevice s = {});

/// Elements [start, stop) by `strides` of each axis, as Python slices: negative positions count
/// from the end, positions outside are clipped, strides may be negative but not 0.
array slice(const array& a, Shape start, Shape stop, Shape strides, StreamOrDevice s = {});
array slice(const array& a, std::initializer_list<int> start, Shape stop, Shape strides,
            StreamOrDevice s = {});
array slice(const array& a, Shape start, Shape stop, StreamOrDevice s = {});

/// `slice_size` elements from where `start`, an integer array of shape [axes], says when it is
/// evaluated: along `axes`, and from 0 along the others. A slice that passes the end throws
/// std::out_of_range then.
array slice(const array& a, const array& start, std::vector<int> axes, Shape slice_size,
            StreamOrDevice s = {});

array concatenate(std::vector<array> arrays, int axis, StreamOrDevice s = {});
array concatenate(std::vector<array> arrays, StreamOrDevice s = {});
array stack(const std::vector<array>& arrays, int axis, StreamOrDevice s = {});
array stack(const std::vector<array>& arrays, StreamOrDevice s = {});
/// Into equal parts, or at these positions of the axis.
std::vector<array> split(const array& a, int num_splits, int axis, StreamOrDevice s = {});
std::vector<array> split(const array& a, int num_splits, StreamOrDevice s = {});
std::vector<array> split(const array& a, const Shape& indices, int axis, StreamOrDevice s = {});
std::vector<array> split(const array& a, const Shape& indices, StreamOrDevice s = {});
/// Each element `repeats` times along the axis.
array repeat(const array& a, int repeats, int axis, StreamOrDevice s = {});

array as_strided(array a, Shape shape, Strides strides, size_t offset, StreamOrDevice s = {});
/// The same bytes as another dtype; the last axis grows or shrinks with the element size.
array view(const array& a, const Dtype& dtype, StreamOrDevice s = {});
/// The same values in row-major memory.
array contiguous(const array& a, bool allow_col_major = false, StreamOrDevice s = {});
array copy(array a, StreamOrDevice s = {});
array stop_gradient(const array& a, StreamOrDevice s = {});
/// The inputs, available only once the dependencies are computed too.
std::vector<array> depends(const std::vector<array>& inputs,
                           const std::vector<array>& dependencies);

}  // namespace quern
