#pragma once

#include <cstddef>
#include <typeinfo>
#include <vector>

#include "engine/array/array.h"
#include "engine/primitives/primitive.h"
#include "engine/primitives/type_table.h"

namespace quern {

/// Runs one primitive: the inputs are evaluated; each output has its shape and dtype and gets its
/// data here, by array::allocate() or by sharing an input's buffer. Runs in its stream's order.
using Kernel = void (*)(const Primitive& primitive, const std::vector<array>& inputs,
                        std::vector<array>& outputs);

/// A backend is this table, from the type of a primitive to the kernel that runs it.
class KernelTable {
 public:
  template <typename P>
  void add(Kernel kernel) {
    register_primitive(P::type_name, &P::load);
    add(typeid(P), kernel);
  }
  void add(const std::type_info& primitive, Kernel kernel) { kernels_[primitive] = kernel; }

  /// The same, for a kernel that takes its own primitive type:
  /// table.add<Softmax, softmax_kernel>().
  template <typename P, void (*function)(const P&, const std::vector<array>&, std::vector<array>&)>
  void add() {
    add<P>([](const Primitive& p, const std::vector<array>& inputs, std::vector<array>& outputs) {
      function(static_cast<const P&>(p), inputs, outputs);
    });
  }

  /// nullptr when the backend has no kernel for it.
  Kernel find(const Primitive& primitive) const {
    const Kernel* found = kernels_.find(typeid(primitive));
    return found ? *found : nullptr;
  }

  size_t size() const { return kernels_.size(); }

 private:
  TypeTable<Kernel> kernels_;
};

/// The backend of a kind of device; nullptr when this build or machine has none.
const KernelTable* find_backend(Device::DeviceType type);

/// The kernel that will run the primitive: its device's, or else the CPU's. Throws
/// std::runtime_error when neither has one.
Kernel find_kernel(const Primitive& primitive);

/// Whether the primitive's device can run it, on inputs of these dtypes, as a step of a Compiled.
bool is_fusable(const Primitive& primitive, const std::vector<Dtype>& inputs);

}  // namespace quern
