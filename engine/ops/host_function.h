#pragma once

#include <functional>
#include <vector>

#include "engine/array/array.h"

namespace quern {

/// Fills in the outputs. Inputs and outputs are row-major; the outputs have memory, of unknown
/// content. Runs on a stream's worker or on a thread that evaluates; what it throws reaches whoever
/// waits for the outputs.
using HostFunction = std::function<void(const Arrays& inputs, Arrays& outputs)>;

/// Arrays that a function of the program's computes on the CPU, when one of them is first needed:
/// all of them then. What is read from a file in a form that no operation knows becomes arrays this
/// way. The function must give the same for the same inputs.
///
/// Has no derivatives and cannot be mapped or exported. Throws std::invalid_argument when there are
/// not as many shapes as dtypes.
std::vector<array> host_function(HostFunction function, std::vector<array> inputs,
                                 std::vector<Shape> shapes, const std::vector<Dtype>& dtypes,
                                 StreamOrDevice s = {});

}  // namespace quern
