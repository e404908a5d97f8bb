#pragma once

#include <initializer_list>
#include <vector>

#include "engine/array/array.h"

namespace quern {

// An array with an update written over a slice of it, or combined with what is there. The update is
// broadcast to the slice's shape, and its dtype becomes the array's. In place when the array is not
// used elsewhere. Positions are Python's, as for slice.
//
// Each has a form whose slice starts where `start`, an integer array of shape [axes], says when it
// is evaluated: along `axes`, and from 0 along the others, which the update may cover by a length
// of 1. A slice that passes the end throws std::out_of_range then.
//
// All functions throw std::invalid_argument, naming themselves and the shapes, when the update does
// not broadcast to the slice.

/// The update instead of the elements.
array slice_update(const array& src, const array& update, Shape start, Shape stop, Shape strides,
                   StreamOrDevice s = {});
array slice_update(const array& src, const array& update, Shape start, Shape stop,
                   StreamOrDevice s = {});
array slice_update(const array& src, const array& update, std::initializer_list<int> start,
                   Shape stop, Shape strides, StreamOrDevice s = {});
array slice_update(const array& src, const array& update, std::initializer_list<int> start,
                   Shape stop, StreamOrDevice s = {});
array slice_update(const array& src, const array& update, const array& start, std::vector<int> axes,
                   StreamOrDevice s = {});

/// Their sum.
array slice_update_add(const array& src, const array& update, Shape start, Shape stop,
                       Shape strides, StreamOrDevice s = {});
array slice_update_add(const array& src, const array& update, Shape start, Shape stop,
                       StreamOrDevice s = {});
array slice_update_add(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, Shape strides, StreamOrDevice s = {});
array slice_update_add(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, StreamOrDevice s = {});
array slice_update_add(const array& src, const array& update, const array& start,
                       std::vector<int> axes, StreamOrDevice s = {});

/// Their product.
array slice_update_prod(const array& src, const array& update, Shape start, Shape stop,
                        Shape strides, StreamOrDevice s = {});
array slice_update_prod(const array& src, const array& update, Shape start, Shape stop,
                        StreamOrDevice s = {});
array slice_update_prod(const array& src, const array& update, std::initializer_list<int> start,
                        Shape stop, Shape strides, StreamOrDevice s = {});
array slice_update_prod(const array& src, const array& update, std::initializer_list<int> start,
                        Shape stop, StreamOrDevice s = {});
array slice_update_prod(const array& src, const array& update, const array& start,
                        std::vector<int> axes, StreamOrDevice s = {});

/// The larger of both; NaN when either is.
array slice_update_max(const array& src, const array& update, Shape start, Shape stop,
                       Shape strides, StreamOrDevice s = {});
array slice_update_max(const array& src, const array& update, Shape start, Shape stop,
                       StreamOrDevice s = {});
array slice_update_max(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, Shape strides, StreamOrDevice s = {});
array slice_update_max(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, StreamOrDevice s = {});
array slice_update_max(const array& src, const array& update, const array& start,
                       std::vector<int> axes, StreamOrDevice s = {});

/// The smaller of both; NaN when either is.
array slice_update_min(const array& src, const array& update, Shape start, Shape stop,
                       Shape strides, StreamOrDevice s = {});
array slice_update_min(const array& src, const array& update, Shape start, Shape stop,
                       StreamOrDevice s = {});
array slice_update_min(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, Shape strides, StreamOrDevice s = {});
array slice_update_min(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, StreamOrDevice s = {});
array slice_update_min(const array& src, const array& update, const array& start,
                       std::vector<int> axes, StreamOrDevice s = {});

}  // namespace quern
