#include "bench/limits/limit_kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace quern::bench {

namespace {

#if defined(__x86_64__)
/// Not every compiler that we support can be asked for this one by name.
bool has_avx_vnni() {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

const LimitKernels& choose() {
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
    return __builtin_cpu_supports("avx512vnni") ? avx512_vnni_limits : avx512_limits;
  if (!avx2) return portable_limits;
  return has_avx_vnni() ? avx_vnni_limits : avx2_limits;
}
#else
const LimitKernels& choose() { return portable_limits; }
#endif

}  // namespace

const LimitKernels& limit_kernels() {
  static const LimitKernels& chosen = choose();
  return chosen;
}

}  // namespace quern::bench
