#pragma once

#include <memory>
#include <vector>

#include "engine/array/array.h"

namespace quern {

/// The nodes that lie between some inputs and outputs, each after those that it reads: what a
/// transform walks over. Looks no further than at arrays of `trace_level` and above, nor past the
/// inputs, nor, unless told so, past a StopGradient.
std::vector<std::shared_ptr<Node>> record_tape(const std::vector<array>& inputs,
                                               const std::vector<array>& outputs, int trace_level,
                                               bool past_stop_gradient);

}  // namespace quern
