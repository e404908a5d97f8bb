#pragma once

#include <thread>

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

/// Looks until `ready()` or for spins_before_sleep times; returns whether it is.
///
/// Every few microseconds the processor goes to whoever else wants it: the system may well have
/// chosen it for the very thread that is waited for.
template <typename F>
bool spin_until(F&& ready) {
  for (int i = 1; i <= spins_before_sleep; ++i) {
    if (ready()) return true;
    if (i % 64 == 0)
      std::this_thread::yield();
    else
      spin_pause();
  }
  return ready();
}

}  // namespace quern
