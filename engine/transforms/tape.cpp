#include "engine/transforms/tape.h"

#include <unordered_set>

#include "engine/primitives/shape.h"
#include "engine/transforms/node_order.h"

namespace quern {

std::vector<std::shared_ptr<Node>> record_tape(const std::vector<array>& inputs,
                                               const std::vector<array>& outputs, int trace_level,
                                               bool past_stop_gradient) {
  std::unordered_set<std::uintptr_t> boundary;
  for (const array& input : inputs) boundary.insert(input.id());
  return node_order(outputs, [&](const array& a) {
    if (a.trace_level() < trace_level || !a.has_primitive() || boundary.count(a.id())) return false;
    const Primitive& primitive = a.primitive();
    return past_stop_gradient || typeid(primitive) != typeid(StopGradient);
  });
}

}  // namespace quern
