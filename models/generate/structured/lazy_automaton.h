#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "models/generate/structured/machine.h"

namespace quern::models::structured {

/// A Machine made deterministic, state by state, where a text leads. For one thread at a time.
///
/// A state is the set of all places where the machine may stand, each with what has called it.
class LazyAutomaton {
 public:
  using State = uint32_t;
  static constexpr State dead = 0;  ///< no text of the language begins like this

  /// Both must outlive the automaton. available: the bytes that may always follow one by one.
  LazyAutomaton(const Machine& machine, const Bytes& available);

  State start() const { return start_; }
  /// Throws ModelError when the machine is so ambiguous that its places are too many to follow.
  State next(State state, uint8_t byte) {
    const State known = rows_[size_t{state} * 256 + byte];
    return known != unknown ? known : find_next(state, byte);
  }
  /// Whether the text may end here.
  bool accepts(State state) const { return states_[state].accepts; }
  /// Whether the available bytes alone lead on to an end.
  bool is_safe(State state) const { return states_[state].safe; }
  /// Whether any byte may follow.
  bool continues(State state) const { return !states_[state].places.empty(); }

  /// Where a state of another automaton over the same machine is found in this one.
  State adopt(const LazyAutomaton& other, State state);

  /// About how much memory the states take.
  size_t bytes() const { return bytes_; }

 private:
  using StackId = uint32_t;
  static constexpr State unknown = UINT32_MAX;

  /// Where a call goes on: at a node, which for a repeat is entered for the count-th time.
  struct Frame {
    NodeId node;
    uint32_t count;
    StackId parent;
    bool safe;
    bool operator==(const Frame& o) const {
      return node == o.node && count == o.count && parent == o.parent;
    }
  };
  struct Place {
    NodeId node;  ///< always a range
    StackId stack;
    auto operator<=>(const Place&) const = default;
  };
  struct StateData {
    std::vector<Place> places;
    bool accepts = false;
    bool safe = false;
  };
  struct Visit {
    NodeId node;
    uint32_t count;
    StackId stack;
    auto operator<=>(const Visit&) const = default;
  };

  State find_next(State state, uint8_t byte);
  /// Adds what can be reached from `pending` without reading.
  void follow(StateData& out);
  void visit(NodeId node, uint32_t count, StackId stack);
  StackId push(NodeId node, uint32_t count, StackId parent);
  State intern(StateData data);

  const Machine& machine_;
  std::vector<bool> productive_;
  std::vector<bool> safe_;
  std::vector<Frame> stacks_;  ///< 0 is the empty one
  std::unordered_multimap<uint64_t, StackId> stack_index_;
  std::vector<StateData> states_;
  std::vector<State> rows_;  ///< 256 for each state
  std::unordered_multimap<uint64_t, State> state_index_;
  std::vector<Visit> pending_;
  size_t bytes_ = 0;
  State start_ = dead;
};

}  // namespace quern::models::structured
