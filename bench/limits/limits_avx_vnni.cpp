#include "bench/limits/limit_loops-inl.h"

namespace quern::bench {

const LimitKernels avx_vnni_limits = {"AVX-VNNI", read, copy, float32, int8};

}  // namespace quern::bench
