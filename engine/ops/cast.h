#pragma once

#include "engine/array/array.h"

namespace quern {

/// The values as another dtype. Float to integer drops the fraction; float to float rounds to
/// nearest even; anything to bool asks whether it is not zero.
array astype(array a, Dtype dtype, StreamOrDevice s = {});

}  // namespace quern
