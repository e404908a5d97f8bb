#include "bench/limits/limit_loops-inl.h"

namespace quern::bench {

const LimitKernels avx2_limits = {"AVX2", read, copy, float32, int8};

}  // namespace quern::bench
