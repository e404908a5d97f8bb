#pragma once

#include "engine/array/array.h"
#include "models/decoder/mlp_spec.h"

namespace quern::models {

/// The nonlinearity of an MLP, element by element, in x's dtype. Not for those with parameters.
array activate(Activation activation, const array& x);

}  // namespace quern::models
