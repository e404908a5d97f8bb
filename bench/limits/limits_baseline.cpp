#include "bench/limits/limit_loops-inl.h"

namespace quern::bench {

#if defined(__x86_64__)
const LimitKernels baseline_limits = {"SSE4", read, copy, float32, int8};
#else
const LimitKernels baseline_limits = {"128-bit vectors", read, copy, float32, int8};
#endif

}  // namespace quern::bench
