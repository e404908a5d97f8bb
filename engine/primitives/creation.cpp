#include "engine/primitives/creation.h"

#include "engine/ops/creation.h"

namespace quern {

Arrays Constant::vjp(const Arrays&, const Arrays&, const std::vector<int>&, const Arrays&) const {
  return {};
}

Arrays Constant::jvp(const Arrays&, const Arrays&, const std::vector<int>&,
                     const Arrays& outputs) const {
  return {zeros_like(outputs[0])};
}

Batched Constant::vmap(const Arrays&, const std::vector<int>&, const Arrays& outputs) const {
  return {{array(outputs[0].shape(), outputs[0].dtype(), shared_from_this(), {})}, {-1}};
}

}  // namespace quern
