#pragma once

#include <cstddef>

namespace quern::cpu {

/// Asks for `bytes` from `first` on, into the second-level cache: what is needed soon, and lies
/// where the hardware would not look for it in time. It need not be anybody's memory.
inline void ask_for(const void* first, size_t bytes) {
  constexpr size_t line = 64;
  for (size_t byte = 0; byte < bytes; byte += line)
    __builtin_prefetch(static_cast<const char*>(first) + byte, 0, 2);
}

}  // namespace quern::cpu
