#pragma once

#include <vector>

#include "engine/array/array.h"
#include "engine/primitives/combine.h"

namespace quern {

// The ops that update a part of an array, by how the update meets what is there: what slice_update,
// slice_update_add, ..., scatter, scatter_add, ... and put_along_axis, scatter_add_axis share. The
// update's dtype becomes the array's.

array update_slice(Combine combine, const array& src, const array& update, Shape start, Shape stop,
                   Shape strides, StreamOrDevice s = {});
array update_slice(Combine combine, const array& src, const array& update, const array& start,
                   std::vector<int> axes, StreamOrDevice s = {});
array update_gathered(Combine combine, const array& a, const std::vector<array>& indices,
                      const array& updates, const std::vector<int>& axes, StreamOrDevice s = {});
array update_along_axis(Combine combine, const array& a, const array& indices, const array& values,
                        int axis, StreamOrDevice s = {});

/// The op's name in errors: `base`, and what the way of combining adds to it.
const char* slice_update_name(Combine combine);
const char* scatter_name(Combine combine);

}  // namespace quern
