#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "models/generate/structured/character_set.h"

namespace quern::models::structured {

using NodeId = uint32_t;

/// One step of a Machine.
struct Node {
  enum class Kind : uint8_t {
    range,   ///< reads a byte between first and last, then next
    fork,    ///< any of the machine's forks[branches]
    call,    ///< callee up to its end, then next
    repeat,  ///< callee minimum to maximum times, then next
    end,     ///< back to what called; the end of the text where nothing did
  };
  static constexpr uint32_t unbounded = UINT32_MAX;

  Kind kind = Kind::end;
  uint8_t first = 0;
  uint8_t last = 0;
  NodeId next = 0;
  NodeId callee = 0;
  uint32_t branches = 0;
  uint32_t minimum = 0;
  uint32_t maximum = 0;
};

/// A language over bytes: a nondeterministic automaton whose parts call one another, so that they
/// may nest without bound, and whose repetitions count, so that a large count costs nothing.
struct Machine {
  std::vector<Node> nodes;
  std::vector<std::vector<NodeId>> forks;
  NodeId start = 0;
};

using Bytes = std::bitset<256>;

/// For each node whether its end can be reached through these bytes alone.
std::vector<bool> find_productive(const Machine& machine, const Bytes& available);

/// Puts a machine together from its end to its beginning: each part is given what follows it.
///
/// Throws ModelError when the machine grows beyond a million nodes.
class MachineBuilder {
 public:
  MachineBuilder();

  NodeId end() const { return 0; }
  NodeId range(uint8_t first, uint8_t last, NodeId next);
  NodeId text(std::string_view bytes, NodeId next);
  /// One character of the set in UTF-8. No word at all when the set is empty.
  NodeId character(const CharacterSet& set, NodeId next);
  NodeId fork(std::vector<NodeId> branches);
  NodeId call(NodeId callee, NodeId next);
  /// maximum: Node::unbounded, or at least minimum.
  NodeId repeat(NodeId callee, uint32_t minimum, uint32_t maximum, NodeId next);

  /// A fork whose branches are set later, for parts that call or follow themselves.
  NodeId open_fork();
  void set_fork(NodeId fork, std::vector<NodeId> branches);

  Machine finish(NodeId start);

 private:
  NodeId add(const Node& node);

  Machine machine_;
  std::map<std::tuple<uint8_t, uint8_t, NodeId>, NodeId> ranges_;
};

}  // namespace quern::models::structured
