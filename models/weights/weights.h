#pragma once

#include <map>
#include <string>

#include "engine/array/array.h"

namespace quern::models {

/// The tensors of a model by name, as a checkpoint holds them or as rules (weight_rule.h) make them
/// out of that. None of them is read or computed before it is used.
using Weights = std::map<std::string, array>;

/// Bytes of all tensors.
size_t nbytes(const Weights& weights);

}  // namespace quern::models
