#include "bench/limits/limit_loops-inl.h"

namespace quern::bench {

const LimitKernels portable_limits = {"the baseline", read, copy, float32, int8};

}  // namespace quern::bench
