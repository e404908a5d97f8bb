#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::models {

/// Finds all keys that a text begins with, in one walk. Immutable; any thread may search.
class PrefixTrie {
 public:
  /// Keys with their values, in any order; empty keys are left out, of equal ones the last counts.
  explicit PrefixTrie(std::vector<std::pair<std::string_view, int32_t>> entries = {});

  /// Calls visit(length, value) for every key that `text` begins with, shortest first.
  template <class Visit>
  void visit_prefixes(std::string_view text, Visit visit) const {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      const Node& parent = nodes_[node];
      const uint8_t* labels = labels_.data() + parent.first_child;
      const void* found = std::memchr(labels, static_cast<uint8_t>(text[i]), parent.children);
      if (!found) return;
      node =
          parent.first_child + static_cast<uint32_t>(static_cast<const uint8_t*>(found) - labels);
      if (nodes_[node].value >= 0) visit(i + 1, nodes_[node].value);
    }
  }

 private:
  struct Node {
    uint32_t first_child = 0;  // the children are neighbours
    uint32_t children = 0;
    int32_t value = -1;  // -1: no key ends here
  };

  std::vector<Node> nodes_;      // by breadth, the root first
  std::vector<uint8_t> labels_;  // the byte that leads to each node
};

}  // namespace quern::models
