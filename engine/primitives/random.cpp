#include "engine/primitives/random.h"

#include "engine/ops/creation.h"
#include "engine/primitives/batch.h"

namespace quern {

std::vector<Shape> RandomBits::output_shapes(const Arrays& inputs) const {
  Shape out = inputs[0].shape();
  out.pop_back();
  out.insert(out.end(), shape.begin(), shape.end());
  return {std::move(out)};
}

Arrays RandomBits::vjp(const Arrays& primals, const Arrays&, const std::vector<int>& argnums,
                       const Arrays&) const {
  return zeros_of(primals, argnums);
}

Arrays RandomBits::jvp(const Arrays&, const Arrays&, const std::vector<int>&,
                       const Arrays& outputs) const {
  return {zeros_like(outputs[0])};
}

Batched RandomBits::vmap(const Arrays& inputs, const std::vector<int>& axes,
                         const Arrays& outputs) const {
  const Arrays keys = batch_first(inputs, axes);
  return {{array(output_shapes(keys)[0], outputs[0].dtype(), shared_from_this(), keys)}, {0}};
}

}  // namespace quern
