#include "engine/transforms/program.h"

#include <cstdint>
#include <unordered_map>

#include "engine/graph/eval.h"
#include "engine/graph/trace.h"
#include "engine/transforms/tape.h"

namespace quern {

namespace {

/// Numbers arrays as a program's values, in the order in which it meets them.
class Numbering {
 public:
  explicit Numbering(Program& program) : program_(program) {}

  int add(const array& a) {
    const auto number = int(program_.values.size());
    program_.values.push_back({a.shape(), a.dtype()});
    numbers_.insert_or_assign(a.id(), number);
    return number;
  }
  /// -1 when it has none.
  int find(const array& a) const {
    const auto found = numbers_.find(a.id());
    return found == numbers_.end() ? -1 : found->second;
  }

 private:
  Program& program_;
  std::unordered_map<std::uintptr_t, int> numbers_;
};

}  // namespace

Arrays Program::run(const Arrays& inputs) const {
  std::vector<std::optional<array>> known(values.size());
  size_t next = 0;
  for (const array& input : inputs) known[next++] = input;
  for (const array& constant : constants) known[next++] = constant;
  for (const Step& step : steps) {
    Arrays operands;
    operands.reserve(step.inputs.size());
    for (const int i : step.inputs) operands.push_back(*known[size_t(i)]);
    std::vector<Shape> shapes;
    if (any_shape) {
      shapes = step.primitive->output_shapes(operands);
    } else {
      for (const int i : step.outputs) shapes.push_back(values[size_t(i)].shape);
    }
    if (step.outputs.size() == 1) {
      const auto i = size_t(step.outputs[0]);
      known[i] = array(std::move(shapes[0]), values[i].dtype, step.primitive, std::move(operands));
      continue;
    }
    std::vector<Dtype> dtypes;
    for (const int i : step.outputs) dtypes.push_back(values[size_t(i)].dtype);
    const Arrays results =
        array::make_arrays(std::move(shapes), dtypes, step.primitive, std::move(operands));
    for (size_t k = 0; k < results.size(); ++k) known[size_t(step.outputs[k])] = results[k];
  }
  Arrays results;
  for (const int i : outputs) results.push_back(*known[size_t(i)]);
  return results;
}

namespace {

Program record(const std::function<Arrays(const Arrays&)>& fun, const Arrays& inputs,
               bool any_shape) {
  Arrays placeholders, results;
  std::vector<std::shared_ptr<Node>> tape;
  {
    const Trace trace(any_shape ? Trace::Kind::record_any_shape : Trace::Kind::record);
    for (const array& input : inputs) {
      placeholders.push_back(array::placeholder(input.shape(), input.dtype(), trace.level()));
    }
    results = fun(placeholders);
    tape = record_tape(placeholders, results, trace.level(), true);
  }

  Program program;
  program.any_shape = any_shape;
  program.input_count = inputs.size();
  Numbering numbers(program);
  for (const array& placeholder : placeholders) numbers.add(placeholder);

  // What no step computes, a constant.
  std::unordered_map<std::uintptr_t, bool> computed;
  std::vector<Arrays> tape_outputs;
  for (const auto& node : tape) {
    tape_outputs.push_back(Node::output_arrays(node));
    for (const array& output : tape_outputs.back()) computed.emplace(output.id(), true);
  }
  const auto add_constant = [&](const array& a) {
    if (computed.count(a.id()) || numbers.find(a) >= 0) return;
    program.constants.push_back(a);
    numbers.add(a);
  };
  for (const auto& node : tape) {
    for (const array& input : node->inputs) add_constant(input);
  }
  for (const array& result : results) add_constant(result);

  for (size_t i = 0; i < tape.size(); ++i) {
    Program::Step step{tape[i]->primitive, {}, {}};
    for (const array& input : tape[i]->inputs) step.inputs.push_back(numbers.find(input));
    for (const array& output : tape_outputs[i]) step.outputs.push_back(numbers.add(output));
    program.steps.push_back(std::move(step));
  }
  for (const array& result : results) program.outputs.push_back(numbers.find(result));
  return program;
}

void eval_constants(const Program& program, size_t most_axes) {
  Arrays to_evaluate;
  for (const array& constant : program.constants) {
    if (!constant.is_tracer() && constant.ndim() <= most_axes) to_evaluate.push_back(constant);
  }
  eval(std::move(to_evaluate));
}

}  // namespace

Program record_program(const std::function<Arrays(const Arrays&)>& fun, const Arrays& inputs,
                       bool any_shape) {
  Program program = record(fun, inputs, any_shape);
  eval_constants(program, SIZE_MAX);
  return program;
}

Program record_shapes(const std::function<Arrays(const Arrays&)>& fun, const Arrays& inputs) {
  Program program = record(fun, inputs, false);
  eval_constants(program, 0);
  return program;
}

}  // namespace quern
