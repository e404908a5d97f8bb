#include "engine/primitives/custom.h"

#include "engine/backend/cpu/cpu.h"

namespace quern::cpu {

namespace {

void hand_on(const Custom& p, const Arrays& in, Arrays& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const array& a = in[size_t(p.arguments) + i];
    outputs[i].set_view(a.buffer(), a.strides(), a.byte_offset());
  }
}

}  // namespace

void register_custom(KernelTable& table) { table.add<Custom, hand_on>(); }

}  // namespace quern::cpu
