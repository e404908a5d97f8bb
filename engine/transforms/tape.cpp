#include "engine/transforms/tape.h"

#include <unordered_set>

#include "engine/primitives/shape.h"

namespace quern {

std::vector<std::shared_ptr<Node>> record_tape(const std::vector<array>& inputs,
                                               const std::vector<array>& outputs, int trace_level,
                                               bool past_stop_gradient) {
  struct Frame {
    std::shared_ptr<Node> node;
    size_t next_input = 0;
  };
  std::vector<std::shared_ptr<Node>> tape;
  std::vector<Frame> stack;
  std::unordered_set<std::uintptr_t> boundary;
  std::unordered_set<const Node*> seen;
  for (const array& input : inputs) boundary.insert(input.id());

  const auto enter = [&](const array& a) {
    if (a.trace_level() < trace_level || !a.has_primitive() || boundary.count(a.id())) return;
    const Primitive& primitive = a.primitive();
    if (!past_stop_gradient && typeid(primitive) == typeid(StopGradient)) return;
    if (seen.insert(a.node().get()).second) stack.push_back({a.node()});
  };
  for (const array& output : outputs) {
    enter(output);
    while (!stack.empty()) {
      Frame& top = stack.back();
      if (top.next_input < top.node->inputs.size()) {
        enter(top.node->inputs[top.next_input++]);
      } else {
        tape.push_back(std::move(top.node));
        stack.pop_back();
      }
    }
  }
  return tape;
}

}  // namespace quern
