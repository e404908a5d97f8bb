#pragma once

#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/array/array.h"

namespace quern {

/// The nodes below some outputs, each once and after those that it reads, without recursion. Where
/// leads_on(array) says no, the walk goes no further.
template <typename LeadsOn>
std::vector<std::shared_ptr<Node>> node_order(const Arrays& outputs, LeadsOn&& leads_on) {
  struct Frame {
    std::shared_ptr<Node> node;
    size_t next_input = 0;
  };
  std::vector<Frame> stack;
  std::vector<std::shared_ptr<Node>> order;
  std::unordered_set<const Node*> seen;
  const auto enter = [&](const array& a) {
    if (leads_on(a) && seen.insert(a.node().get()).second) stack.push_back({a.node()});
  };
  for (const array& output : outputs) {
    enter(output);
    while (!stack.empty()) {
      Frame& top = stack.back();
      if (top.next_input < top.node->inputs.size()) {
        enter(top.node->inputs[top.next_input++]);
      } else {
        order.push_back(std::move(top.node));
        stack.pop_back();
      }
    }
  }
  return order;
}

}  // namespace quern
