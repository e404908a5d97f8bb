#include <fmt/format.h>

#include <stdexcept>
#include <unordered_map>

#include "engine/graph/trace.h"
#include "engine/ops/shape.h"
#include "engine/primitives/primitive.h"
#include "engine/transforms/tape.h"
#include "engine/transforms/transforms.h"

namespace quern {

namespace {

using Function = std::function<std::vector<array>(const std::vector<array>&)>;

struct Batched {
  array values;
  int axis;  ///< of the batch
};

/// The axes of a transform for its arrays: those given, or 0 for all when there are none.
std::vector<int> complete_axes(const std::vector<int>& axes, size_t arrays, const char* what) {
  if (axes.empty()) return std::vector<int>(arrays, 0);
  if (axes.size() != arrays) {
    throw std::invalid_argument(
        fmt::format("[vmap] {} {} axes are given for {} arrays", axes.size(), what, arrays));
  }
  return axes;
}

/// The arrays that the function sees, without their mapped axes; `size` becomes those axes' length.
std::vector<array> placeholders(const std::vector<array>& inputs, std::vector<int>& axes, int level,
                                ShapeElem& size) {
  std::vector<array> seen;
  size = -1;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (axes[i] == -1) {
      seen.push_back(inputs[i]);
      continue;
    }
    axes[i] = normalize_axis(axes[i], int(inputs[i].ndim()), "vmap");
    Shape shape = inputs[i].shape();
    const ShapeElem length = shape[size_t(axes[i])];
    if (size >= 0 && length != size) {
      throw std::invalid_argument(
          fmt::format("[vmap] mapped axes differ in length: {} and {}", size, length));
    }
    size = length;
    shape.erase(shape.begin() + axes[i]);
    seen.push_back(array::placeholder(std::move(shape), inputs[i].dtype(), level));
  }
  if (size < 0) throw std::invalid_argument("[vmap] no input has a mapped axis");
  return seen;
}

/// An output of the function as one of the mapped function.
array place_axis(const array& output, const Batched* batched, int out_axis, ShapeElem size) {
  if (batched && out_axis == -1) {
    throw std::invalid_argument("[vmap] an output that depends on a mapped input needs an axis");
  }
  if (!batched && out_axis == -1) return output;
  const int axis = normalize_axis(out_axis, int(output.ndim()) + 1, "vmap");
  if (batched) return moveaxis(batched->values, batched->axis, axis);
  Shape shape = output.shape();
  shape.insert(shape.begin() + axis, size);
  return broadcast_to(expand_dims(output, axis), shape);
}

std::vector<array> map_over(const Function& fun, const std::vector<int>& in_axes,
                            const std::vector<int>& out_axes, const std::vector<array>& inputs) {
  std::vector<int> axes = complete_axes(in_axes, inputs.size(), "input");
  ShapeElem size = 0;
  std::vector<array> seen, outputs;
  std::vector<std::shared_ptr<Node>> tape;
  {
    const Trace trace(Trace::Kind::shapes);
    seen = placeholders(inputs, axes, trace.level(), size);
    outputs = fun(seen);
    std::vector<array> mapped;
    for (size_t i = 0; i < seen.size(); ++i) {
      if (axes[i] != -1) mapped.push_back(seen[i]);
    }
    tape = record_tape(mapped, outputs, trace.level(), true);
  }

  std::unordered_map<std::uintptr_t, Batched> batched;
  for (size_t i = 0; i < seen.size(); ++i) {
    if (axes[i] != -1) batched.insert_or_assign(seen[i].id(), Batched{inputs[i], axes[i]});
  }
  const auto find = [&](const array& a) {
    const auto found = batched.find(a.id());
    return found == batched.end() ? nullptr : &found->second;
  };
  for (const std::shared_ptr<Node>& node : tape) {
    std::vector<array> node_inputs;
    std::vector<int> node_axes;
    bool any = false;
    for (const array& input : node->inputs) {
      const Batched* b = find(input);
      any = any || b;
      node_inputs.push_back(b ? b->values : input);
      node_axes.push_back(b ? b->axis : -1);
    }
    if (!any) continue;
    const std::vector<array> node_outputs = Node::output_arrays(node);
    const StreamContext stream(node->primitive->stream());
    const auto [values, at] = node->primitive->vmap(node_inputs, node_axes, node_outputs);
    for (size_t k = 0; k < node_outputs.size(); ++k) {
      if (at[k] != -1) batched.insert_or_assign(node_outputs[k].id(), Batched{values[k], at[k]});
    }
  }
  std::vector<array> results;
  const std::vector<int> to = complete_axes(out_axes, outputs.size(), "output");
  for (size_t i = 0; i < outputs.size(); ++i) {
    results.push_back(place_axis(outputs[i], find(outputs[i]), to[i], size));
  }
  return results;
}

}  // namespace

Function vmap(const Function& fun, const std::vector<int>& in_axes,
              const std::vector<int>& out_axes) {
  return [=](const std::vector<array>& inputs) { return map_over(fun, in_axes, out_axes, inputs); };
}

std::function<array(const array&)> vmap(const std::function<array(const array&)>& fun, int in_axis,
                                        int out_axis) {
  const Function of_vectors = [fun](const std::vector<array>& in) {
    return std::vector<array>{fun(in[0])};
  };
  return [=](const array& a) { return map_over(of_vectors, {in_axis}, {out_axis}, {a})[0]; };
}

std::function<array(const array&, const array&)> vmap(
    const std::function<array(const array&, const array&)>& fun, int in_axis_a, int in_axis_b,
    int out_axis) {
  const Function of_vectors = [fun](const std::vector<array>& in) {
    return std::vector<array>{fun(in[0], in[1])};
  };
  return [=](const array& a, const array& b) {
    return map_over(of_vectors, {in_axis_a, in_axis_b}, {out_axis}, {a, b})[0];
  };
}

}  // namespace quern
