#include "bench/limits/limit_kernels.h"

#include <hwy/targets.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "engine/backend/cpu/usable_targets.h"

namespace quern::bench {

#if defined(__x86_64__)
namespace {

/// Not every compiler that we support can be asked for this one by name.
bool has_avx_vnni() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

}  // namespace

const LimitKernels& limit_kernels() {
  const auto allowed = cpu::usable_targets();
  if (allowed & HWY_AVX3)
    return __builtin_cpu_supports("avx512vnni") ? avx512_vnni_limits : avx512_limits;
  if (!(allowed & HWY_AVX2)) return baseline_limits;
  return has_avx_vnni() ? avx_vnni_limits : avx2_limits;
}
#else
const LimitKernels& limit_kernels() { return baseline_limits; }
#endif

}  // namespace quern::bench
