#include "engine/primitives/host_call.h"

#include <stdexcept>

namespace quern {

bool HostCall::is_equivalent(const Primitive& other) const {
  return function == static_cast<const HostCall&>(other).function;
}

void HostCall::save(StateWriter&) const {
  throw std::runtime_error("[export] a host function cannot be written to a file");
}

std::shared_ptr<const Primitive> HostCall::load(const Stream&, StateReader&) {
  throw std::runtime_error("[import] a host function cannot be read from a file");
}

}  // namespace quern
