#include "engine/graph/print_graph.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "engine/primitives/primitive.h"
#include "engine/transforms/tape.h"

namespace quern {

namespace {

/// A graph as it is printed: its nodes in order with their outputs, and the arrays that no node of
/// it makes.
struct Graph {
  struct Operation {
    std::shared_ptr<Node> node;
    std::vector<array> outputs;
  };

  explicit Graph(const std::vector<array>& results) : outputs(results) {
    for (std::shared_ptr<Node>& node : record_tape({}, outputs, 0, true)) {
      std::vector<array> made = Node::output_arrays(node);
      operations.push_back({std::move(node), std::move(made)});
    }
    std::unordered_set<std::uintptr_t> seen;
    const auto visit = [&](const array& a) {
      if (!a.has_primitive() && seen.insert(a.id()).second) inputs.push_back(a);
    };
    for (const Operation& operation : operations) {
      for (const array& a : operation.node->inputs) visit(a);
    }
    for (const array& a : outputs) visit(a);
  }

  std::vector<array> inputs;
  std::vector<Operation> operations;
  std::vector<array> outputs;
};

void list(std::ostream& os, const std::vector<array>& arrays, const char* separator,
          const std::function<void(const array&)>& print) {
  for (size_t i = 0; i < arrays.size(); ++i) {
    if (i != 0) os << separator;
    print(arrays[i]);
  }
}

/// A string of the DOT language.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

const std::string& NodeNamer::get_name(const array& x) {
  const auto [found, is_new] = names_.try_emplace(x.id());
  if (is_new) {
    std::string& name = found->second;
    for (size_t n = ++given_; n > 0; n = (n - 1) / 26) name += char('A' + (n - 1) % 26);
    std::reverse(name.begin(), name.end());
  }
  return found->second;
}

void NodeNamer::set_name(const array& x, std::string name) {
  names_.insert_or_assign(x.id(), std::move(name));
}

void print_graph(std::ostream& os, NodeNamer namer, const std::vector<array>& outputs) {
  const Graph graph(outputs);
  const auto name = [&](const array& a) { os << namer.get_name(a); };
  const auto described = [&](const array& a) {
    os << namer.get_name(a) << " [" << a.shape() << ", " << a.dtype() << "]";
  };
  os << "Inputs: ";
  list(os, graph.inputs, ", ", name);
  os << "\nOutputs: ";
  list(os, graph.outputs, ", ", name);
  os << "\n";
  for (const Graph::Operation& operation : graph.operations) {
    os << operation.node->primitive->name() << " ";
    list(os, operation.node->inputs, ", ", described);
    os << " -> ";
    list(os, operation.outputs, ", ", described);
    os << "\n";
  }
}

void print_graph(std::ostream& os, const std::vector<array>& outputs) {
  print_graph(os, NodeNamer(), outputs);
}

void export_to_dot(std::ostream& os, NodeNamer namer, const std::vector<array>& outputs) {
  const Graph graph(outputs);
  const auto name = [&](const array& a) { os << quoted(namer.get_name(a)); };
  const auto rank = [&](const char* which, const std::vector<array>& arrays) {
    if (arrays.empty()) return;
    os << "  { rank=" << which << "; ";
    list(os, arrays, "; ", name);
    os << "; }\n";
  };
  os << "digraph {\n";
  rank("source", graph.inputs);
  size_t number = 0;
  for (const Graph::Operation& operation : graph.operations) {
    ++number;
    os << "  " << number << " [label=" << quoted(operation.node->primitive->name())
       << ", shape=rectangle];\n";
    for (const array& a : operation.node->inputs) {
      os << "  ";
      name(a);
      os << " -> " << number << ";\n";
    }
    for (const array& a : operation.outputs) {
      os << "  " << number << " -> ";
      name(a);
      os << ";\n";
    }
  }
  rank("sink", graph.outputs);
  os << "}\n";
}

void export_to_dot(std::ostream& os, const std::vector<array>& outputs) {
  export_to_dot(os, NodeNamer(), outputs);
}

}  // namespace quern
