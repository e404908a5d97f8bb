#pragma once

#include <string>
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
/// The slices along the axis, without it.
std::vector<array> unstack(const array& a, int axis, StreamOrDevice s = {});
std::vector<array> unstack(const array& a, StreamOrDevice s = {});
/// Each element `repeats` times along the axis, or of the flattened array.
array repeat(const array& arr, int repeats, int axis, StreamOrDevice s = {});
array repeat(const array& arr, int repeats, StreamOrDevice s = {});
/// The whole array reps[i] times along axis i, counted from the last one; reps and shape are filled
/// up with ones in front.
array tile(const array& arr, std::vector<int> reps, StreamOrDevice s = {});

/// The axes, or all of them, in reverse order.
array flip(const array& a, const std::vector<int>& axes, StreamOrDevice s = {});
array flip(const array& a, int axis, StreamOrDevice s = {});
array flip(const array& a, StreamOrDevice s = {});
/// Elements moved forward by `shift` places along an axis, those that pass its end going to its
/// start; without an axis, over the flattened array. Several shifts for one axis (or for none) add
/// up, and one for several axes goes to each.
array roll(const array& a, int shift, StreamOrDevice s = {});
array roll(const array& a, const Shape& shift, StreamOrDevice s = {});
array roll(const array& a, int shift, int axis, StreamOrDevice s = {});
array roll(const array& a, int shift, const std::vector<int>& axes, StreamOrDevice s = {});
array roll(const array& a, const Shape& shift, int axis, StreamOrDevice s = {});
array roll(const array& a, const Shape& shift, const std::vector<int>& axes, StreamOrDevice s = {});

/// Coordinates of a grid from those along its axes (of at most one dimension each). Indexing "xy"
/// swaps the first two axes of the grid, "ij" does not; sparse grids keep length 1 where they
/// repeat themselves.
std::vector<array> meshgrid(const std::vector<array>& arrays, bool sparse = false,
                            const std::string& indexing = "xy", StreamOrDevice s = {});

/// With axes of length 1 until there are this many: in front, but for the last of three.
array atleast_1d(const array& a, StreamOrDevice s = {});
std::vector<array> atleast_1d(const std::vector<array>& a, StreamOrDevice s = {});
array atleast_2d(const array& a, StreamOrDevice s = {});
std::vector<array> atleast_2d(const std::vector<array>& a, StreamOrDevice s = {});
array atleast_3d(const array& a, StreamOrDevice s = {});
std::vector<array> atleast_3d(const std::vector<array>& a, StreamOrDevice s = {});

/// The diagonal of two axes, `offset` places above the main one, as the last axis instead of them.
array diagonal(const array& a, int offset = 0, int axis1 = 0, int axis2 = 1, StreamOrDevice s = {});
/// Of a vector: the matrix with it as the k-th diagonal, and zeros. Of a matrix: that diagonal.
array diag(const array& a, int k = 0, StreamOrDevice s = {});
/// Sum of a diagonal, computed as `dtype` (else as sum does).
array trace(const array& a, int offset, int axis1, int axis2, Dtype dtype, StreamOrDevice s = {});
array trace(const array& a, int offset, int axis1, int axis2, StreamOrDevice s = {});
array trace(const array& a, StreamOrDevice s = {});

/// With low and high (not negative) more elements before and after those of the axes. They are
/// `pad_value`, a scalar, in mode "constant"; repeat the first and last element in mode "edge"; and
/// mirror the array in modes "reflect" (without its first and last element) and "symmetric" (with
/// them), over and over where it is short. Throws std::overflow_error for axes that get too long.
array pad(const array& a, const std::vector<int>& axes, const Shape& low_pad_size,
          const Shape& high_pad_size, const array& pad_value = array(0),
          const std::string& mode = "constant", StreamOrDevice s = {});
/// The same for all axes: one pair each, one for all, or one number for both ends of all.
array pad(const array& a, const std::vector<std::pair<int, int>>& pad_width,
          const array& pad_value = array(0), const std::string& mode = "constant",
          StreamOrDevice s = {});
array pad(const array& a, const std::pair<int, int>& pad_width, const array& pad_value = array(0),
          const std::string& mode = "constant", StreamOrDevice s = {});
array pad(const array& a, int pad_width, const array& pad_value = array(0),
          const std::string& mode = "constant", StreamOrDevice s = {});

/// Row-major memory read with these strides, in elements, from an offset on. Throws
/// std::invalid_argument when that reads outside the array.
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
