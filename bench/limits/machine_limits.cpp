// The machine's own limits, by the number of threads.

#include "bench/limits/limit_kernels.h"
#include "bench/limits/limits.h"
#include "bench/suite/sections.h"

namespace quern::bench {

void machine_limits(Suite& suite) {
  const int all = engine_threads();
  for (const Resource resource :
       {Resource::read, Resource::copy, Resource::float32, Resource::int8}) {
    for (int threads = 1; threads <= all; ++threads) {
      const std::string name =
          "limit/" + std::string(to_string(resource)) + "/" + std::to_string(threads) + "_threads";
      if (!suite.wants(name)) continue;
      // All threads together are their own limit; fewer are told as a fraction of it.
      double one = 0, together = 0;
      for (int i = 0; i < 10; ++i) {
        one = std::max(one, burst(resource, threads));
        together = threads == all ? one : std::max(together, burst(resource, all));
      }
      const bool memory = resource == Resource::read || resource == Resource::copy;
      suite.report().add(
          {.name = name,
           .figure = one * 1e-9,
           .unit = memory                       ? "GB/s"
                   : resource == Resource::int8 ? "GOP/s"
                                                : "GFLOP/s",
           .smaller_is_better = false,
           .limit = together * 1e-9,
           .bound = std::to_string(all) + " threads, " + limit_kernels().instructions,
           .fraction = one / together});
    }
  }
}

}  // namespace quern::bench
