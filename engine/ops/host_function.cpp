#include "engine/ops/host_function.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/primitives/host_call.h"

namespace quern {

std::vector<array> host_function(HostFunction function, std::vector<array> inputs,
                                 std::vector<Shape> shapes, const std::vector<Dtype>& dtypes,
                                 StreamOrDevice s) {
  if (shapes.size() != dtypes.size()) {
    throw std::invalid_argument(
        fmt::format("[host_function] {} shapes, but {} dtypes", shapes.size(), dtypes.size()));
  }
  auto call = make_pooled<HostCall>(to_stream(s),
                                    std::make_shared<const HostFunction>(std::move(function)));
  return array::make_arrays(std::move(shapes), dtypes, std::move(call), std::move(inputs));
}

}  // namespace quern
