#include "engine/primitives/primitive.h"

#include <fmt/format.h>

#include <stdexcept>

namespace quern {

void Primitive::no_transform(const char* transform) const {
  throw std::invalid_argument(fmt::format("[{}] {} has no {}", transform, name(), transform));
}

std::vector<Shape> Primitive::output_shapes(const std::vector<array>&) const {
  no_transform("output_shapes");
}

std::vector<array> Primitive::vjp(const std::vector<array>&, const std::vector<array>&,
                                  const std::vector<int>&, const std::vector<array>&) const {
  no_transform("vjp");
}

std::vector<array> Primitive::jvp(const std::vector<array>&, const std::vector<array>&,
                                  const std::vector<int>&) const {
  no_transform("jvp");
}

std::pair<std::vector<array>, std::vector<int>> Primitive::vmap(const std::vector<array>&,
                                                                const std::vector<int>&) const {
  no_transform("vmap");
}

bool Primitive::is_equivalent(const Primitive&) const { return false; }

}  // namespace quern
