#include <algorithm>
#include <queue>

#include "engine/backend/backend.h"
#include "engine/primitives/compiled.h"
#include "engine/transforms/program.h"

namespace quern {

namespace {

// More operands than these would not stay in the first-level cache together.
constexpr size_t max_steps = 64;
constexpr size_t max_inputs = 16;

/// Finds groups of steps, from the last to the first. A group runs where its last step stood, its
/// root, so a step may join when all who read its outputs are in the group or come after the root.
class Fusion {
 public:
  explicit Fusion(Program& program)
      : program_(program),
        producer_(program.values.size(), -1),
        readers_(program.values.size()),
        group_(program.steps.size(), -1),
        wanted_(program.values.size(), false) {
    for (size_t i = 0; i < program.steps.size(); ++i) {
      const Program::Step& step = program.steps[i];
      for (const int value : step.outputs) producer_[size_t(value)] = int(i);
      for (const int value : step.inputs) readers_[size_t(value)].push_back(int(i));
      fusable_.push_back(is_fusable(step));
    }
    for (const int value : program.outputs) wanted_[size_t(value)] = true;
  }

  void run() {
    std::vector<Program::Step> steps;
    for (int i = int(program_.steps.size()) - 1; i >= 0; --i) {
      if (group_[size_t(i)] >= 0) continue;  // runs where its root does
      const std::vector<int> members = fusable_[size_t(i)] ? grow(i) : std::vector<int>{i};
      steps.push_back(members.size() > 1 ? fused(members) : program_.steps[size_t(i)]);
    }
    std::reverse(steps.begin(), steps.end());
    program_.steps = std::move(steps);
  }

 private:
  bool is_fusable(const Program::Step& step) const {
    std::vector<Dtype> dtypes;
    for (const int value : step.inputs) dtypes.push_back(program_.values[size_t(value)].dtype);
    return quern::is_fusable(*step.primitive, dtypes);
  }

  /// Whether a step may join the group of `root`, and all of its readers are known to.
  bool may_join(int step, int root) const {
    const Program::Step& s = program_.steps[size_t(step)];
    const Program::Step& r = program_.steps[size_t(root)];
    if (!fusable_[size_t(step)] || group_[size_t(step)] >= 0) return false;
    if (s.primitive->stream() != r.primitive->stream()) return false;
    const auto& readers = readers_[size_t(s.outputs[0])];
    return std::all_of(readers.begin(), readers.end(),
                       [&](int reader) { return group_[size_t(reader)] == root || reader > root; });
  }

  size_t count_inputs(const std::vector<int>& members) const {
    std::vector<int> outside;
    for (const int step : members) {
      for (const int value : program_.steps[size_t(step)].inputs) {
        const int from = producer_[size_t(value)];
        if (std::find(members.begin(), members.end(), from) == members.end())
          outside.push_back(value);
      }
    }
    std::sort(outside.begin(), outside.end());
    return size_t(std::unique(outside.begin(), outside.end()) - outside.begin());
  }

  /// The members of root's group, in their order.
  std::vector<int> grow(int root) {
    std::vector<int> members{root};
    group_[size_t(root)] = root;
    std::priority_queue<int> candidates;  // the last first: its readers have been decided
    const auto add_producers = [&](int step) {
      for (const int value : program_.steps[size_t(step)].inputs) {
        if (producer_[size_t(value)] >= 0) candidates.push(producer_[size_t(value)]);
      }
    };
    add_producers(root);
    while (!candidates.empty() && members.size() < max_steps) {
      const int step = candidates.top();
      candidates.pop();
      if (!may_join(step, root)) continue;
      members.push_back(step);
      if (count_inputs(members) > max_inputs) {
        members.pop_back();
        continue;
      }
      group_[size_t(step)] = root;
      add_producers(step);
    }
    std::sort(members.begin(), members.end());
    if (members.size() == 1) group_[size_t(root)] = -1;
    return members;
  }

  bool is_read_outside(int value, int root) const {
    if (wanted_[size_t(value)]) return true;
    const auto& readers = readers_[size_t(value)];
    return std::any_of(readers.begin(), readers.end(),
                       [&](int reader) { return group_[size_t(reader)] != root; });
  }

  Program::Step fused(const std::vector<int>& members) const {
    const int root = members.back();
    std::vector<int> inside;  // the program's values, as the group numbers them
    std::vector<Dtype> dtypes;
    const auto number_of = [&](int value) {
      return int(std::find(inside.begin(), inside.end(), value) - inside.begin());
    };
    for (const int member : members) {
      for (const int value : program_.steps[size_t(member)].inputs) {
        const int from = producer_[size_t(value)];
        const bool computed = from >= 0 && group_[size_t(from)] == root;
        if (computed || number_of(value) < int(inside.size())) continue;
        inside.push_back(value);
        dtypes.push_back(program_.values[size_t(value)].dtype);
      }
    }
    Program::Step step{nullptr, inside, {}};
    std::vector<Compiled::Step> steps;
    std::vector<int> outputs;
    for (const int member : members) {
      const Program::Step& s = program_.steps[size_t(member)];
      std::vector<int> operands;
      for (const int value : s.inputs) operands.push_back(number_of(value));
      const int output = s.outputs[0];
      steps.push_back({s.primitive, std::move(operands), program_.values[size_t(output)].dtype});
      if (is_read_outside(output, root)) {
        outputs.push_back(int(inside.size()));
        step.outputs.push_back(output);
      }
      inside.push_back(output);
    }
    const Stream stream = program_.steps[size_t(root)].primitive->stream();
    step.primitive =
        make_pooled<Compiled>(stream, std::move(dtypes), std::move(steps), std::move(outputs));
    return step;
  }

  Program& program_;
  std::vector<int> producer_;              ///< of a value: a step, or -1
  std::vector<std::vector<int>> readers_;  ///< of a value: steps
  std::vector<int> group_;                 ///< of a step: its group's root, or -1
  std::vector<bool> fusable_;
  std::vector<bool> wanted_;  ///< a value: an output of the program
};

}  // namespace

void fuse(Program& program) { Fusion(program).run(); }

}  // namespace quern
