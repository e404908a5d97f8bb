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

using Function = std::function<Arrays(const Arrays&)>;

/// What stands for an array of the function: all of the batch, or the same for each.
struct Mapped {
  array values;
  int axis;  ///< of the batch, or -1
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
Arrays placeholders(const Arrays& inputs, std::vector<int>& axes, int level, ShapeElem& size) {
  Arrays seen;
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
array place_axis(const Mapped& output, int out_axis, ShapeElem size) {
  const bool batched = output.axis != -1;
  if (batched && out_axis == -1) {
    throw std::invalid_argument("[vmap] an output that depends on a mapped input needs an axis");
  }
  if (out_axis == -1) return output.values;
  const int ndim = int(output.values.ndim()) + (batched ? 0 : 1);
  const int axis = normalize_axis(out_axis, ndim, "vmap");
  if (batched) return moveaxis(output.values, output.axis, axis);
  Shape shape = output.values.shape();
  shape.insert(shape.begin() + axis, size);
  return broadcast_to(expand_dims(output.values, axis), shape);
}

std::vector<Shape> shapes_of(const Arrays& arrays) {
  std::vector<Shape> shapes;
  for (const array& a : arrays) shapes.push_back(a.shape());
  return shapes;
}

std::vector<Dtype> dtypes_of(const Arrays& arrays) {
  std::vector<Dtype> dtypes;
  for (const array& a : arrays) dtypes.push_back(a.dtype());
  return dtypes;
}

Arrays map_over(const Function& fun, const std::vector<int>& in_axes,
                const std::vector<int>& out_axes, const Arrays& inputs) {
  std::vector<int> axes = complete_axes(in_axes, inputs.size(), "input");
  ShapeElem size = 0;
  Arrays seen, outputs;
  std::vector<std::shared_ptr<Node>> tape;
  {
    const Trace trace(Trace::Kind::shapes);
    seen = placeholders(inputs, axes, trace.level(), size);
    outputs = fun(seen);
    Arrays placed;
    for (size_t i = 0; i < seen.size(); ++i) {
      if (axes[i] != -1) placed.push_back(seen[i]);
    }
    tape = record_tape(placed, outputs, trace.level(), true);
  }

  std::unordered_map<std::uintptr_t, Mapped> known;
  for (size_t i = 0; i < seen.size(); ++i) {
    if (axes[i] != -1) known.insert_or_assign(seen[i].id(), Mapped{inputs[i], axes[i]});
  }
  const auto mapped = [&](const array& a) {
    const auto found = known.find(a.id());
    return found == known.end() ? Mapped{a, -1} : found->second;
  };
  for (const std::shared_ptr<Node>& node : tape) {
    Arrays node_inputs;
    std::vector<int> node_axes;
    bool any = false, changed = false;
    for (const array& input : node->inputs) {
      const Mapped m = mapped(input);
      any = any || m.axis != -1;
      changed = changed || m.values.id() != input.id();
      node_inputs.push_back(m.values);
      node_axes.push_back(m.axis);
    }
    if (!changed) continue;
    const Arrays node_outputs = Node::output_arrays(node);
    if (!any) {
      const Arrays again = array::make_arrays(shapes_of(node_outputs), dtypes_of(node_outputs),
                                              node->primitive, std::move(node_inputs));
      for (size_t k = 0; k < again.size(); ++k) {
        known.insert_or_assign(node_outputs[k].id(), Mapped{again[k], -1});
      }
      continue;
    }
    const StreamContext stream(node->primitive->stream());
    const auto [values, at] = node->primitive->vmap(node_inputs, node_axes, node_outputs);
    for (size_t k = 0; k < node_outputs.size(); ++k) {
      known.insert_or_assign(node_outputs[k].id(), Mapped{values[k], at[k]});
    }
  }
  Arrays results;
  const std::vector<int> to = complete_axes(out_axes, outputs.size(), "output");
  for (size_t i = 0; i < outputs.size(); ++i) {
    results.push_back(place_axis(mapped(outputs[i]), to[i], size));
  }
  return results;
}

}  // namespace

Function vmap(const Function& fun, const std::vector<int>& in_axes,
              const std::vector<int>& out_axes) {
  return [=](const Arrays& inputs) { return map_over(fun, in_axes, out_axes, inputs); };
}

std::function<array(const array&)> vmap(const std::function<array(const array&)>& fun, int in_axis,
                                        int out_axis) {
  const Function of_vectors = [fun](const Arrays& in) { return Arrays{fun(in[0])}; };
  return [=](const array& a) { return map_over(of_vectors, {in_axis}, {out_axis}, {a})[0]; };
}

std::function<array(const array&, const array&)> vmap(
    const std::function<array(const array&, const array&)>& fun, int in_axis_a, int in_axis_b,
    int out_axis) {
  const Function of_vectors = [fun](const Arrays& in) { return Arrays{fun(in[0], in[1])}; };
  return [=](const array& a, const array& b) {
    return map_over(of_vectors, {in_axis_a, in_axis_b}, {out_axis}, {a, b})[0];
  };
}

}  // namespace quern
