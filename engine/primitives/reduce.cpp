#include "engine/primitives/reduce.h"

namespace quern {

std::vector<Shape> Reduction::output_shapes(const std::vector<array>& inputs) const {
  Shape shape = inputs[0].shape();
  for (const int axis : axes) shape[size_t(axis)] = 1;
  return {std::move(shape)};
}

bool Reduction::is_equivalent(const Primitive& other) const {
  return axes == static_cast<const Reduction&>(other).axes;
}

}  // namespace quern
