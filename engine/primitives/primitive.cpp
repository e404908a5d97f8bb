#include "engine/primitives/primitive.h"

#include <fmt/format.h>

#include <stdexcept>

namespace quern {

void Primitive::no_transform(const char* transform) const {
  throw std::invalid_argument(fmt::format("[{}] {} has no {}", transform, name(), transform));
}

std::vector<Shape> Primitive::output_shapes(const Arrays&) const { no_transform("output_shapes"); }

Arrays Primitive::vjp(const Arrays&, const Arrays&, const std::vector<int>&, const Arrays&) const {
  no_transform("vjp");
}

Arrays Primitive::jvp(const Arrays&, const Arrays&, const std::vector<int>&, const Arrays&) const {
  no_transform("jvp");
}

Batched Primitive::vmap(const Arrays&, const std::vector<int>&, const Arrays&) const {
  no_transform("vmap");
}

}  // namespace quern
