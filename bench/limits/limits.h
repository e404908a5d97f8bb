#pragma once

#include <cstddef>
#include <string>

namespace quern::bench {

/// What a computation can be bound by.
enum class Resource {
  read,     ///< bytes that are read from memory
  copy,     ///< bytes that are read from or written to memory, as many of both
  float32,  ///< float32 multiplications and additions
  int8,     ///< multiplications of bytes and additions of their products
};

/// "read", "copy", "float32", "int8".
const char* to_string(Resource resource);
/// A rate in the unit that is usual for the resource: "34.2 GB/s".
std::string describe(Resource resource, double rate);

/// Threads that the engine computes with.
int engine_threads();

/// Bytes or operations a second that this many threads reach at once, in one burst of some 30
/// milliseconds. The machine may be busy with something else: the best of several bursts is the
/// limit.
double burst(Resource resource, int threads = engine_threads());

}  // namespace quern::bench
