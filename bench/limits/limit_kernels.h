#pragma once

#include <cstddef>

namespace quern::bench {

/// Loops that keep one resource of the machine busy and do nothing else. Any number of threads may
/// run them at a time.
struct LimitKernels {
  const char* instructions;  ///< for people

  /// Reads bytes, a multiple of 4096, from an address that is a multiple of 64.
  void (*read)(const char* from, size_t bytes);
  /// Writes them elsewhere too, past the caches.
  void (*copy)(const char* from, char* to, size_t bytes);

  /// Multiplies and adds in registers; returns how many operations that was, two per product.
  double (*float32)(size_t rounds);
  /// The same with products of bytes that are summed in 32 bits.
  double (*int8)(size_t rounds);
};

/// Those of the widest instructions that this processor has and the engine may use.
const LimitKernels& limit_kernels();

// One source file each, compiled for its instructions.
extern const LimitKernels baseline_limits;
#if defined(__x86_64__)
extern const LimitKernels avx2_limits, avx_vnni_limits, avx512_limits, avx512_vnni_limits;
#endif

}  // namespace quern::bench
