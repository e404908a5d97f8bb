#pragma once

namespace quern {

/// How often to look before going to sleep on something that is usually ready within microseconds.
inline constexpr int spins_before_sleep = 2000;

/// Tells the processor that this is a waiting loop.
inline void spin_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace quern
