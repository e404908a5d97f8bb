#include "models/generate/structured/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "models/error.h"
#include "models/tokenizer/utf8.h"

namespace quern::models::structured {
namespace {

constexpr size_t maximum_nodes = 1'000'000;

/// The last character that has as many bytes in UTF-8 as this one.
char32_t last_of_length(char32_t character) {
  return character < 0x80      ? 0x7F
         : character < 0x800   ? 0x7FF
         : character < 0x10000 ? 0xFFFF
                               : 0x10FFFF;
}

bool has_any(const Bytes& available, uint8_t first, uint8_t last) {
  for (unsigned byte = first; byte <= last; ++byte) {
    if (available[byte]) return true;
  }
  return false;
}

}  // namespace

std::vector<bool> find_productive(const Machine& machine, const Bytes& available) {
  const auto& nodes = machine.nodes;
  std::vector<std::vector<NodeId>> users(nodes.size());
  for (NodeId id = 0; id < nodes.size(); ++id) {
    const Node& node = nodes[id];
    if (node.kind == Node::Kind::fork) {
      for (const NodeId branch : machine.forks[node.branches]) users[branch].push_back(id);
    } else if (node.kind != Node::Kind::end) {
      users[node.next].push_back(id);
      if (node.kind != Node::Kind::range) users[node.callee].push_back(id);
    }
  }
  std::vector<bool> productive(nodes.size(), false);
  const auto reaches_end = [&](const Node& node) {
    switch (node.kind) {
      case Node::Kind::range:
        return productive[node.next] && has_any(available, node.first, node.last);
      case Node::Kind::fork: {
        const auto& branches = machine.forks[node.branches];
        return std::any_of(branches.begin(), branches.end(),
                           [&](NodeId branch) { return productive[branch]; });
      }
      case Node::Kind::call:
        return productive[node.callee] && productive[node.next];
      case Node::Kind::repeat:
        return (node.minimum == 0 || productive[node.callee]) && productive[node.next];
      case Node::Kind::end:
        break;
    }
    return true;
  };
  std::vector<NodeId> pending(nodes.size());
  for (NodeId id = 0; id < nodes.size(); ++id) pending[nodes.size() - 1 - id] = id;
  while (!pending.empty()) {
    const NodeId id = pending.back();
    pending.pop_back();
    if (productive[id] || !reaches_end(nodes[id])) continue;
    productive[id] = true;
    pending.insert(pending.end(), users[id].begin(), users[id].end());
  }
  return productive;
}

MachineBuilder::MachineBuilder() { machine_.nodes.emplace_back(); }

NodeId MachineBuilder::add(const Node& node) {
  if (machine_.nodes.size() >= maximum_nodes) {
    throw ModelError(fmt::format("[grammar] it is too large: more than {} states", maximum_nodes),
                     "Use a smaller schema or pattern.");
  }
  machine_.nodes.push_back(node);
  return NodeId(machine_.nodes.size() - 1);
}

NodeId MachineBuilder::range(uint8_t first, uint8_t last, NodeId next) {
  const auto [place, is_new] = ranges_.try_emplace({first, last, next}, 0);
  if (is_new) {
    place->second = add({.kind = Node::Kind::range, .first = first, .last = last, .next = next});
  }
  return place->second;
}

NodeId MachineBuilder::text(std::string_view bytes, NodeId next) {
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    next = range(uint8_t(*byte), uint8_t(*byte), next);
  }
  return next;
}

NodeId MachineBuilder::character(const CharacterSet& set, NodeId next) {
  std::vector<NodeId> branches;
  for (auto [first, last] : set.ranges()) {
    // Cut until all from first to `piece` have as many bytes and agree in all but a last few, in
    // which they take every value there is.
    while (first <= last) {
      char32_t piece = std::min(last, last_of_length(first));
      const int length = first < 0x80 ? 1 : first < 0x800 ? 2 : first < 0x10000 ? 3 : 4;
      for (int i = 1; i < length; ++i) {
        const char32_t low_bits = (char32_t{1} << (6 * i)) - 1;
        if ((first & ~low_bits) == (piece & ~low_bits)) break;
        if ((first & low_bits) != 0) {
          piece = first | low_bits;
          break;
        }
        if ((piece & low_bits) != low_bits) piece = (piece & ~low_bits) - 1;
      }
      std::string lowest, highest;
      append_utf8(first, lowest);
      append_utf8(piece, highest);
      NodeId node = next;
      for (size_t i = lowest.size(); i-- > 0;) {
        node = range(uint8_t(lowest[i]), uint8_t(highest[i]), node);
      }
      branches.push_back(node);
      first = piece + 1;
    }
  }
  return fork(std::move(branches));
}

NodeId MachineBuilder::fork(std::vector<NodeId> branches) {
  if (branches.size() == 1) return branches[0];
  const NodeId node = open_fork();
  set_fork(node, std::move(branches));
  return node;
}

NodeId MachineBuilder::call(NodeId callee, NodeId next) {
  if (next == end()) return callee;
  return add({.kind = Node::Kind::call, .next = next, .callee = callee});
}

NodeId MachineBuilder::repeat(NodeId callee, uint32_t minimum, uint32_t maximum, NodeId next) {
  if (maximum == 0) return next;
  if (minimum == 1 && maximum == 1) return call(callee, next);
  return add({.kind = Node::Kind::repeat,
              .next = next,
              .callee = callee,
              .minimum = minimum,
              .maximum = maximum});
}

NodeId MachineBuilder::open_fork() {
  machine_.forks.emplace_back();
  return add({.kind = Node::Kind::fork, .branches = uint32_t(machine_.forks.size() - 1)});
}

void MachineBuilder::set_fork(NodeId fork, std::vector<NodeId> branches) {
  machine_.forks[machine_.nodes[fork].branches] = std::move(branches);
}

Machine MachineBuilder::finish(NodeId start) {
  machine_.start = start;
  return std::move(machine_);
}

}  // namespace quern::models::structured
