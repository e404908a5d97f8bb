#include "engine/backend/backend.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/backend/cpu/cpu.h"

namespace quern {

const KernelTable* find_backend(Device::DeviceType type) {
  return type == Device::cpu ? &cpu::kernels() : nullptr;
}

Kernel find_kernel(const Primitive& primitive) {
  if (const KernelTable* table = find_backend(primitive.device().type)) {
    if (const Kernel kernel = table->find(primitive)) return kernel;
  }
  if (const Kernel kernel = cpu::kernels().find(primitive)) return kernel;
  throw std::runtime_error(fmt::format("[eval] no backend has a kernel for {}", primitive.name()));
}

bool is_fusable(const Primitive& primitive, const std::vector<Dtype>& inputs) {
  return primitive.device() == Device::cpu && cpu::is_fusable(primitive, inputs);
}

}  // namespace quern
