#pragma once

#include "engine/array/array.h"
#include "models/decoder/mlp_spec.h"

namespace quern::models {

/// The nonlinearity of an MLP, element by element, in x's dtype. Not for those with parameters.
array activate(Activation activation, const array& x);

/// That of a gated MLP: activation(gate) * up.
array activate(Activation activation, const array& gate, const array& up);

}  // namespace quern::models
