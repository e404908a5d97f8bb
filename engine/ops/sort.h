#pragma once

#include <string_view>

#include "engine/array/array.h"

namespace quern {

// Order along an axis, or of all elements in row-major order without one. Ascending; NaN comes
// last; equal elements keep their order (but sort puts -0 before 0). Index results are uint32. All functions throw
// std::invalid_argument for an axis that is out of range.

array sort(const array& a, StreamOrDevice s = {});
array sort(const array& a, int axis, StreamOrDevice s = {});
array argsort(const array& a, StreamOrDevice s = {});
array argsort(const array& a, int axis, StreamOrDevice s = {});

/// Element kth is where sorting would put it, those before it are not larger, those after it not
/// smaller, in no particular order. kth counts from the end when negative; throws when out of
/// range.
array partition(const array& a, int kth, StreamOrDevice s = {});
array partition(const array& a, int kth, int axis, StreamOrDevice s = {});
array argpartition(const array& a, int kth, StreamOrDevice s = {});
array argpartition(const array& a, int kth, int axis, StreamOrDevice s = {});
/// The k largest elements, in no particular order. Throws when the axis has fewer.
array topk(const array& a, int k, StreamOrDevice s = {});
array topk(const array& a, int k, int axis, StreamOrDevice s = {});

/// uint32, values' shape: where each value would be inserted into the sorted sequence, before
/// ("left") or after ("right") elements equal to it. Throws std::invalid_argument for another side
/// or a sequence that is not 1-D.
array searchsorted(const array& sorted_sequence, const array& values,
                   std::string_view side = "left", StreamOrDevice s = {});

}  // namespace quern
