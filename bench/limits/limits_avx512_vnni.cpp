#include "bench/limits/limit_loops-inl.h"

namespace quern::bench {

const LimitKernels avx512_vnni_limits = {"AVX-512 VNNI", read, copy, float32, int8};

}  // namespace quern::bench
