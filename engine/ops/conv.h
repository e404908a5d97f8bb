#pragma once

#include <tuple>
#include <utility>
#include <vector>

#include "engine/array/array.h"

namespace quern {

// Convolutions (cross-correlations: the kernel is not turned) over 1 to 3 spatial axes.
//
// input: [N, spatial..., C], weight: [O, kernel..., C / groups] -> [N, spatial..., O] in the dtype
// that both promote to, a float; half dtypes are computed in float32. Output channels and input
// channels come in `groups` that see one another alone.
//
// Throw std::invalid_argument for another number of axes, an integer or complex dtype, channels
// that do not divide into the groups or differ between input and weight, a stride or dilation below
// 1, or a kernel that is larger than the padded input, and std::overflow_error for an output longer
// than 2^31 - 1.

/// One number per spatial axis, one for all or none for the default (stride and dilation 1, padding
/// 0). The input's elements get input_dilation - 1 zeros between them, then padding_lo zeros before
/// and padding_hi behind them; a negative padding cuts off. The kernel's taps lie kernel_dilation
/// apart; `flip` takes them from the last to the first.
array conv_general(array input, array weight, std::vector<int> stride = {},
                   std::vector<int> padding_lo = {}, std::vector<int> padding_hi = {},
                   std::vector<int> kernel_dilation = {}, std::vector<int> input_dilation = {},
                   int groups = 1, bool flip = false, StreamOrDevice s = {});
/// With the same padding at both ends.
array conv_general(const array& input, const array& weight, std::vector<int> stride,
                   std::vector<int> padding, std::vector<int> kernel_dilation,
                   std::vector<int> input_dilation, int groups, bool flip = false,
                   StreamOrDevice s = {});

array conv1d(const array& input, const array& weight, int stride = 1, int padding = 0,
             int dilation = 1, int groups = 1, StreamOrDevice s = {});
array conv2d(const array& input, const array& weight, const std::pair<int, int>& stride = {1, 1},
             const std::pair<int, int>& padding = {0, 0},
             const std::pair<int, int>& dilation = {1, 1}, int groups = 1, StreamOrDevice s = {});
array conv3d(const array& input, const array& weight,
             const std::tuple<int, int, int>& stride = {1, 1, 1},
             const std::tuple<int, int, int>& padding = {0, 0, 0},
             const std::tuple<int, int, int>& dilation = {1, 1, 1}, int groups = 1,
             StreamOrDevice s = {});

// The maps that go back through a convolution of this stride, padding and dilation: an input of
// length n becomes one of (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 +
// output_padding.

array conv_transpose1d(const array& input, const array& weight, int stride = 1, int padding = 0,
                       int dilation = 1, int output_padding = 0, int groups = 1,
                       StreamOrDevice s = {});
array conv_transpose2d(const array& input, const array& weight,
                       const std::pair<int, int>& stride = {1, 1},
                       const std::pair<int, int>& padding = {0, 0},
                       const std::pair<int, int>& dilation = {1, 1},
                       const std::pair<int, int>& output_padding = {0, 0}, int groups = 1,
                       StreamOrDevice s = {});
array conv_transpose3d(const array& input, const array& weight,
                       const std::tuple<int, int, int>& stride = {1, 1, 1},
                       const std::tuple<int, int, int>& padding = {0, 0, 0},
                       const std::tuple<int, int, int>& dilation = {1, 1, 1},
                       const std::tuple<int, int, int>& output_padding = {0, 0, 0}, int groups = 1,
                       StreamOrDevice s = {});

}  // namespace quern
