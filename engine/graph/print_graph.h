#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "engine/array/array.h"

namespace quern {

// The graph below arrays that are not computed yet, as text. Arrays that have been computed are its
// inputs: what they were made from is forgotten.

/// Names for arrays: those that it was told, and A, B, ... Z, AA, AB, ... for others in the order
/// in which they are asked for.
class NodeNamer {
 public:
  const std::string& get_name(const array& x);
  void set_name(const array& x, std::string name);

 private:
  std::unordered_map<std::uintptr_t, std::string> names_;
  size_t given_ = 0;
};

/// Inputs, outputs, and a line per operation in the order in which they may run:
///   Add A [(2), float32], B [(2), float32] -> C [(2), float32]
void print_graph(std::ostream& os, NodeNamer namer, const std::vector<array>& outputs);
void print_graph(std::ostream& os, const std::vector<array>& outputs);

/// The same for Graphviz: operations are boxes, arrays ellipses.
void export_to_dot(std::ostream& os, NodeNamer namer, const std::vector<array>& outputs);
void export_to_dot(std::ostream& os, const std::vector<array>& outputs);

template <typename... Arrays>
requires(std::is_same_v<std::remove_cvref_t<Arrays>, array>&&...) void print_graph(
    std::ostream& os, Arrays&&... outputs) {
  print_graph(os, std::vector<array>{std::forward<Arrays>(outputs)...});
}

template <typename... Arrays>
requires(std::is_same_v<std::remove_cvref_t<Arrays>, array>&&...) void export_to_dot(
    std::ostream& os, Arrays&&... outputs) {
  export_to_dot(os, std::vector<array>{std::forward<Arrays>(outputs)...});
}

}  // namespace quern
