#pragma once

#include <cstddef>

namespace quern {

/// Where a file's bytes go, in order.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(const void* data, size_t size) = 0;
};

}  // namespace quern
