#pragma once

#include <cstddef>

namespace quern::cpu {

// Writing past the caches: a line that is written whole need not be read from memory first, which
// is a third of a copy's traffic. It pays for what is too large to be found in a cache later on.

/// Whether an output of so many bytes is.
constexpr bool is_streamed(size_t bytes) { return bytes >= size_t(1) << 25; }

/// memcpy with such writes, for all whole cache lines of `to`. Before other threads may read them,
/// the writing one has to call finish_streaming.
void stream_copy(const void* from, void* to, size_t bytes);
void finish_streaming();

}  // namespace quern::cpu
