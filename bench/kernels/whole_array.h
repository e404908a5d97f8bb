#pragma once

#include <functional>

#include "bench/suite/suite.h"
#include "engine/quern.h"

namespace quern::bench {

/// An operation that passes once over large arrays: bound by their bytes, and its result's.
inline Work passing_over(const Arrays& inputs, std::function<array(const Arrays&)> operation) {
  double read = 0;
  for (const array& input : inputs) read += double(input.nbytes());
  const double written = double(operation(inputs).nbytes());
  // What writes next to nothing is held to the speed of reading.
  const bool only_reads = written * 16 < read;
  const double bytes = read + written;
  return {.unit = gigabytes,
          .amount = bytes,
          .bound = only_reads ? Cost{.read = bytes} : Cost{.copied = bytes},
          .run = timed([=] { operation(inputs).eval(); })};
}

}  // namespace quern::bench
