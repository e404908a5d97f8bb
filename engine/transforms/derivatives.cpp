#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <unordered_map>

#include "engine/graph/trace.h"
#include "engine/ops/arithmetic.h"
#include "engine/ops/creation.h"
#include "engine/primitives/shape.h"
#include "engine/transforms/tape.h"
#include "engine/transforms/transforms.h"

namespace quern {

namespace {

using Function = std::function<std::vector<array>(const std::vector<array>&)>;
using ScalarFunction = std::function<array(const std::vector<array>&)>;
using UnaryFunction = std::function<array(const array&)>;
/// The derivatives that belong to arrays, by array::id.
using Derivatives = std::unordered_map<std::uintptr_t, array>;

Function of_vectors(const UnaryFunction& fun) {
  return [fun](const std::vector<array>& in) { return std::vector<array>{fun(in[0])}; };
}

Function of_vectors(const ScalarFunction& fun) {
  return [fun](const std::vector<array>& in) { return std::vector<array>{fun(in)}; };
}

/// The array as an input of the function that is traced.
array traced(const array& a, const Trace& trace) {
  array out(a.shape(), a.dtype(), make_pooled<Copy>(to_stream({})), {a});
  out.node()->trace_level = trace.level();
  out.set_trace_level(trace.level());
  return out;
}

bool is_stop_gradient(const array& a) {
  if (!a.has_primitive()) return false;
  const Primitive& primitive = a.primitive();
  return typeid(primitive) == typeid(StopGradient);
}

void require_like(const array& derivative, const array& a, const char* where, const char* what,
                  size_t i) {
  if (derivative.shape() == a.shape()) return;
  throw std::invalid_argument(fmt::format("[{}] the {} {} has shape {}, its array {}", where, what,
                                          i, to_string(derivative.shape()), to_string(a.shape())));
}

void accumulate(Derivatives& derivatives, const array& of, array value) {
  const auto [place, is_new] = derivatives.try_emplace(of.id(), value);
  if (!is_new) place->second = add(place->second, value);
}

array take_or_zeros(const Derivatives& derivatives, const array& of) {
  const auto found = derivatives.find(of.id());
  return found == derivatives.end() ? zeros_like(of) : found->second;
}

/// Carries the outputs' cotangents back to the inputs.
std::vector<array> pull_back(const std::vector<array>& inputs, const std::vector<array>& outputs,
                             Derivatives cotangents, const Trace& trace) {
  std::vector<std::shared_ptr<Node>> tape = record_tape(inputs, outputs, trace.level(), false);

  // What depends on an input, and so wants a gradient.
  std::set<std::uintptr_t> wanted;
  for (const array& input : inputs) wanted.insert(input.id());
  std::vector<std::vector<int>> argnums(tape.size());
  for (size_t i = 0; i < tape.size(); ++i) {
    for (size_t k = 0; k < tape[i]->inputs.size(); ++k) {
      const array& input = tape[i]->inputs[k];
      if (wanted.count(input.id()) && !is_stop_gradient(input)) argnums[i].push_back(int(k));
    }
    if (argnums[i].empty()) continue;
    for (const Node::Output& output : tape[i]->outputs) {
      wanted.insert(reinterpret_cast<std::uintptr_t>(output.impl.lock().get()));
    }
  }
  wanted.erase(0);

  for (size_t i = tape.size(); i-- > 0;) {
    if (argnums[i].empty()) continue;
    const std::vector<array> node_outputs = Node::output_arrays(tape[i]);
    std::vector<array> given;
    bool any = false;
    for (const array& output : node_outputs) {
      any = any || cotangents.count(output.id());
      given.push_back(take_or_zeros(cotangents, output));
    }
    if (any) {
      const StreamContext stream(tape[i]->primitive->stream());
      const std::vector<array> gradients =
          tape[i]->primitive->vjp(tape[i]->inputs, given, argnums[i], node_outputs);
      for (size_t k = 0; k < gradients.size(); ++k) {
        accumulate(cotangents, tape[i]->inputs[size_t(argnums[i][k])], gradients[k]);
      }
    }
    for (const array& output : node_outputs) cotangents.erase(output.id());
    tape[i].reset();
  }
  std::vector<array> gradients;
  for (const array& input : inputs) gradients.push_back(take_or_zeros(cotangents, input));
  return gradients;
}

struct Traced {
  std::vector<array> arguments;  ///< of the function: copies of the primals where traced
  std::vector<array> inputs;     ///< the traced ones
};

Traced trace_arguments(const std::vector<array>& primals, const std::vector<int>& argnums,
                       const Trace& trace) {
  Traced t{primals, {}};
  for (const int i : argnums) {
    t.arguments[size_t(i)] = traced(primals[size_t(i)], trace);
    t.inputs.push_back(t.arguments[size_t(i)]);
  }
  return t;
}

std::vector<int> all_of(const std::vector<array>& arrays) {
  std::vector<int> numbers(arrays.size());
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = int(i);
  return numbers;
}

std::vector<int> check_argnums(const std::vector<int>& argnums, size_t arguments) {
  if (argnums.empty()) throw std::invalid_argument("[grad] needs at least one argument number");
  std::vector<int> checked;
  for (const int i : argnums) {
    const int n = i < 0 ? i + int(arguments) : i;
    if (n < 0 || n >= int(arguments)) {
      throw std::invalid_argument(
          fmt::format("[grad] argument {} of a function that is given {}", i, arguments));
    }
    if (std::count(checked.begin(), checked.end(), n)) {
      throw std::invalid_argument(fmt::format("[grad] argument {} is named twice", i));
    }
    checked.push_back(n);
  }
  return checked;
}

std::pair<std::vector<array>, std::vector<array>> value_and_grad_at(
    const Function& fun, const std::vector<int>& argnums, const std::vector<array>& primals) {
  const std::vector<int> numbers = check_argnums(argnums, primals.size());
  std::pair<std::vector<array>, std::vector<array>> result;
  {
    const Trace trace(Trace::Kind::values);
    const Traced t = trace_arguments(primals, numbers, trace);
    result.first = fun(t.arguments);
    if (result.first.empty()) throw std::invalid_argument("[grad] the function returned no array");
    const array& value = result.first[0];
    if (value.size() != 1) {
      throw std::invalid_argument(
          fmt::format("[grad] the function must return a scalar first, not an "
                      "array of shape {}; sum it, or use vjp",
                      to_string(value.shape())));
    }
    Derivatives seed;
    seed.emplace(value.id(), ones_like(value));
    result.second = pull_back(t.inputs, {value}, std::move(seed), trace);
  }
  detach_evaluated(result.first);
  return result;
}

}  // namespace

std::pair<std::vector<array>, std::vector<array>> vjp(const Function& fun,
                                                      const std::vector<array>& primals,
                                                      const std::vector<array>& cotangents) {
  std::pair<std::vector<array>, std::vector<array>> result;
  {
    const Trace trace(Trace::Kind::values);
    const Traced t = trace_arguments(primals, all_of(primals), trace);
    result.first = fun(t.arguments);
    Derivatives seeds;
    std::vector<array> seeded;
    // Outputs without a gradient need no cotangent, but may have one.
    const bool one_for_each = cotangents.size() == result.first.size();
    for (const array& output : result.first) {
      if (is_stop_gradient(output) && !one_for_each) continue;
      const size_t i = seeded.size();
      if (i < cotangents.size()) {
        require_like(cotangents[i], output, "vjp", "cotangent", i);
        accumulate(seeds, output, cotangents[i]);
      }
      seeded.push_back(output);
    }
    if (seeded.size() != cotangents.size()) {
      throw std::invalid_argument(fmt::format("[vjp] {} cotangents are given for {} outputs",
                                              cotangents.size(), seeded.size()));
    }
    result.second = pull_back(t.inputs, seeded, std::move(seeds), trace);
  }
  detach_evaluated(result.first);
  return result;
}

std::pair<array, array> vjp(const UnaryFunction& fun, const array& primal, const array& cotangent) {
  const auto [outputs, gradients] = vjp(of_vectors(fun), {primal}, {cotangent});
  return {outputs[0], gradients[0]};
}

std::pair<std::vector<array>, std::vector<array>> jvp(const Function& fun,
                                                      const std::vector<array>& primals,
                                                      const std::vector<array>& tangents) {
  if (primals.size() != tangents.size()) {
    throw std::invalid_argument(
        fmt::format("[jvp] {} tangents are given for {} primals", tangents.size(), primals.size()));
  }
  for (size_t i = 0; i < primals.size(); ++i) {
    require_like(tangents[i], primals[i], "jvp", "tangent", i);
  }
  std::pair<std::vector<array>, std::vector<array>> result;
  {
    const Trace trace(Trace::Kind::values);
    const Traced t = trace_arguments(primals, all_of(primals), trace);
    result.first = fun(t.arguments);
    Derivatives pushed;
    for (size_t i = 0; i < t.inputs.size(); ++i) pushed.emplace(t.inputs[i].id(), tangents[i]);
    const auto tape = record_tape(t.inputs, result.first, trace.level(), false);
    for (const std::shared_ptr<Node>& node : tape) {
      std::vector<int> argnums;
      std::vector<array> given;
      for (size_t k = 0; k < node->inputs.size(); ++k) {
        const auto found = pushed.find(node->inputs[k].id());
        if (found == pushed.end()) continue;
        argnums.push_back(int(k));
        given.push_back(found->second);
      }
      if (argnums.empty()) continue;
      const std::vector<array> node_outputs = Node::output_arrays(node);
      const StreamContext stream(node->primitive->stream());
      const std::vector<array> moved =
          node->primitive->jvp(node->inputs, given, argnums, node_outputs);
      for (size_t k = 0; k < node_outputs.size(); ++k) {
        pushed.insert_or_assign(node_outputs[k].id(), moved[k]);
      }
    }
    for (const array& output : result.first) {
      result.second.push_back(take_or_zeros(pushed, output));
    }
  }
  detach_evaluated(result.first);
  return result;
}

std::pair<array, array> jvp(const UnaryFunction& fun, const array& primal, const array& tangent) {
  const auto [outputs, tangents] = jvp(of_vectors(fun), {primal}, {tangent});
  return {outputs[0], tangents[0]};
}

ValueAndGradFn value_and_grad(const Function& fun, const std::vector<int>& argnums) {
  return [fun, argnums](const std::vector<array>& primals) {
    return value_and_grad_at(fun, argnums, primals);
  };
}

ValueAndGradFn value_and_grad(const Function& fun, int argnum) {
  return value_and_grad(fun, std::vector<int>{argnum});
}

SimpleValueAndGradFn value_and_grad(const ScalarFunction& fun, const std::vector<int>& argnums) {
  return [fun = of_vectors(fun), argnums](const std::vector<array>& primals) {
    auto [values, gradients] = value_and_grad_at(fun, argnums, primals);
    return std::pair{values[0], std::move(gradients)};
  };
}

SimpleValueAndGradFn value_and_grad(const ScalarFunction& fun, int argnum) {
  return value_and_grad(fun, std::vector<int>{argnum});
}

std::function<std::pair<array, array>(const array&)> value_and_grad(const UnaryFunction& fun) {
  return [fun = of_vectors(fun)](const array& primal) {
    const auto [values, gradients] = value_and_grad_at(fun, {0}, {primal});
    return std::pair{values[0], gradients[0]};
  };
}

std::function<std::vector<array>(const std::vector<array>&)> grad(const ScalarFunction& fun,
                                                                  const std::vector<int>& argnums) {
  return [both = value_and_grad(fun, argnums)](const std::vector<array>& primals) {
    return both(primals).second;
  };
}

std::function<std::vector<array>(const std::vector<array>&)> grad(const ScalarFunction& fun,
                                                                  int argnum) {
  return grad(fun, std::vector<int>{argnum});
}

std::function<array(const array&)> grad(const UnaryFunction& fun) {
  return [both = value_and_grad(fun)](const array& primal) { return both(primal).second; };
}

}  // namespace quern
