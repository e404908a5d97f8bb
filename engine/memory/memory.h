#pragma once

#include <cstddef>

namespace quern {

// Memory of the engine's arrays, in bytes. All of these may be called from any thread.

/// Bytes that live arrays hold; memory-mapped files are not counted.
size_t get_active_memory();

/// The most that active memory has been since the start or the last reset.
size_t get_peak_memory();
void reset_peak_memory();

/// Bytes of freed buffers kept for reuse.
size_t get_cache_memory();

/// An allocation that would take active memory past this limit first empties the cache and then
/// throws `OutOfMemory`, a std::runtime_error, naming the sizes: at once, or to whoever waits for
/// the array whose kernel asked. The limit is nine tenths of the machine's memory to begin with.
/// Returns the previous limit.
size_t set_memory_limit(size_t limit);
size_t get_memory_limit();

/// The most bytes of freed buffers to keep; 0 keeps none. Returns the previous limit.
size_t set_cache_limit(size_t limit);

/// Gives every cached buffer back to the system.
void clear_cache();

/// How much memory to keep from being paged out, on devices whose memory can be: the value is kept,
/// and the CPU does not heed it. Returns the previous limit, 0 at first.
size_t set_wired_limit(size_t limit);

}  // namespace quern
