#include "engine/primitives/reduce.h"

#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"

namespace quern {

std::vector<Shape> Reduction::output_shapes(const Arrays& inputs) const {
  Shape shape = inputs[0].shape();
  for (const int axis : axes) shape[size_t(axis)] = 1;
  return {std::move(shape)};
}

Batched Reduction::vmap(const Arrays& inputs, const std::vector<int>& batch,
                        const Arrays& outputs) const {
  std::vector<int> shifted = axes;
  for (int& axis : shifted) axis += axis >= batch[0];
  Shape shape = outputs[0].shape();
  shape.insert(shape.begin() + batch[0], inputs[0].shape(batch[0]));
  return {{array(std::move(shape), outputs[0].dtype(), over(std::move(shifted)), inputs)}, batch};
}

Arrays Sum::vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>&,
                const Arrays&) const {
  return {broadcast_to(cotangents[0], primals[0].shape())};
}

Arrays Sum::jvp(const Arrays&, const Arrays& tangents, const std::vector<int>&,
                const Arrays&) const {
  return {sum(tangents[0], axes, true)};
}

}  // namespace quern
