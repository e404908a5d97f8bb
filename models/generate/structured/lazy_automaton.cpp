#include "models/generate/structured/lazy_automaton.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "models/error.h"

namespace quern::models::structured {
namespace {

constexpr size_t maximum_places = 100'000;
constexpr size_t maximum_bytes = size_t{512} << 20;

uint64_t mix(uint64_t seed, uint64_t value) {
  seed = (seed ^ value) * 0x9E3779B97F4A7C15u;
  return seed ^ (seed >> 29);
}

[[noreturn]] void refuse() {
  throw ModelError("[grammar] it is too ambiguous: a text may be read in too many ways",
                   "Avoid repetitions of parts that match the same text in several ways.");
}

}  // namespace

LazyAutomaton::LazyAutomaton(const Machine& machine, const Bytes& available)
    : machine_(machine),
      productive_(find_productive(machine, Bytes().set())),
      safe_(find_productive(machine, available)),
      stacks_{{0, 0, 0, true}} {
  states_.emplace_back();
  rows_.assign(256, dead);
  StateData data;
  visit(machine.start, 0, 0);
  follow(data);
  start_ = intern(std::move(data));
}

LazyAutomaton::StackId LazyAutomaton::push(NodeId node, uint32_t count, StackId parent) {
  const Frame frame{node, count, parent, safe_[node] && stacks_[parent].safe};
  const uint64_t hash = mix(mix(node, count), parent);
  const auto [begin, end] = stack_index_.equal_range(hash);
  for (auto found = begin; found != end; ++found) {
    if (stacks_[found->second] == frame) return found->second;
  }
  const auto id = StackId(stacks_.size());
  stacks_.push_back(frame);
  stack_index_.emplace(hash, id);
  bytes_ += sizeof(Frame) + 48;
  return id;
}

void LazyAutomaton::visit(NodeId node, uint32_t count, StackId stack) {
  if (productive_[node]) pending_.push_back({node, count, stack});
}

void LazyAutomaton::follow(StateData& out) {
  // Ranges lead nowhere without reading, so only the other places can be met twice for ever.
  std::set<Visit> seen;
  while (!pending_.empty()) {
    const Visit at = pending_.back();
    pending_.pop_back();
    const Node& node = machine_.nodes[at.node];
    if (node.kind == Node::Kind::range) {
      out.places.push_back({at.node, at.stack});
      continue;
    }
    if (!seen.insert(at).second) continue;
    if (seen.size() > maximum_places) refuse();
    switch (node.kind) {
      case Node::Kind::range:
        break;
      case Node::Kind::fork:
        for (const NodeId branch : machine_.forks[node.branches]) visit(branch, 0, at.stack);
        break;
      case Node::Kind::call:
        visit(node.callee, 0, push(node.next, 0, at.stack));
        break;
      case Node::Kind::repeat:
        if (at.count >= node.minimum) visit(node.next, 0, at.stack);
        if (at.count < node.maximum && productive_[node.callee]) {
          const uint32_t count =
              node.maximum == Node::unbounded ? std::min(at.count + 1, node.minimum) : at.count + 1;
          visit(node.callee, 0, push(at.node, count, at.stack));
        }
        break;
      case Node::Kind::end:
        if (at.stack == 0) {
          out.accepts = true;
        } else {
          const Frame frame = stacks_[at.stack];
          visit(frame.node, frame.count, frame.parent);
        }
        break;
    }
  }
}

LazyAutomaton::State LazyAutomaton::intern(StateData data) {
  std::sort(data.places.begin(), data.places.end());
  data.places.erase(std::unique(data.places.begin(), data.places.end()), data.places.end());
  if (data.places.empty() && !data.accepts) return dead;
  if (data.places.size() > maximum_places) refuse();
  uint64_t hash = data.accepts;
  for (const Place& place : data.places) hash = mix(mix(hash, place.node), place.stack);
  const auto [begin, end] = state_index_.equal_range(hash);
  for (auto found = begin; found != end; ++found) {
    const StateData& known = states_[found->second];
    if (known.accepts == data.accepts && known.places == data.places) return found->second;
  }
  data.safe = data.accepts ||
              std::any_of(data.places.begin(), data.places.end(), [this](const Place& place) {
                return safe_[place.node] && stacks_[place.stack].safe;
              });
  bytes_ += 256 * sizeof(State) + data.places.size() * sizeof(Place) + 96;
  if (bytes_ > maximum_bytes) refuse();
  const auto state = State(states_.size());
  states_.push_back(std::move(data));
  rows_.resize(rows_.size() + 256, unknown);
  state_index_.emplace(hash, state);
  return state;
}

LazyAutomaton::State LazyAutomaton::find_next(State state, uint8_t byte) {
  pending_.clear();  // of a search that was refused
  for (const Place& place : states_[state].places) {
    const Node& node = machine_.nodes[place.node];
    if (node.first <= byte && byte <= node.last) visit(node.next, 0, place.stack);
  }
  StateData data;
  follow(data);
  const State next = intern(std::move(data));
  rows_[size_t{state} * 256 + byte] = next;
  return next;
}

LazyAutomaton::State LazyAutomaton::adopt(const LazyAutomaton& other, State state) {
  StateData data;
  data.accepts = other.states_[state].accepts;
  for (const Place& place : other.states_[state].places) {
    std::vector<const Frame*> frames;
    for (StackId id = place.stack; id != 0; id = other.stacks_[id].parent) {
      frames.push_back(&other.stacks_[id]);
    }
    StackId stack = 0;
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
      stack = push((*frame)->node, (*frame)->count, stack);
    }
    data.places.push_back({place.node, stack});
  }
  return intern(std::move(data));
}

}  // namespace quern::models::structured
