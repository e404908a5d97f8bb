#include "engine/primitives/host_call.h"

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"

namespace quern::cpu {

namespace {

void call(const HostCall& p, const Arrays& in, Arrays& outputs) {
  Arrays dense;
  for (const array& a : in) dense.push_back(row_contiguous(a));
  for (array& output : outputs) output.allocate();
  (*p.function)(dense, outputs);
}

}  // namespace

void register_host_call(KernelTable& table) { table.add<HostCall, call>(); }

}  // namespace quern::cpu
