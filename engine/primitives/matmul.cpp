#include "engine/primitives/matmul.h"

#include <fmt/format.h>

#include <stdexcept>

namespace quern {

Shape matmul_shape(const Shape& a, const Shape& b, const char* where) {
  const size_t last = a.size() - 1, inner = b.size() - 2;
  if (a[last] != b[inner]) {
    throw std::invalid_argument(
        fmt::format("[{}] the last axis of {} and the second to last of {} differ: {} and {}",
                    where, to_string(a), to_string(b), a[last], b[inner]));
  }
  Shape out = broadcast_shapes(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  out.push_back(a[last - 1]);
  out.push_back(b[inner + 1]);
  return out;
}

std::vector<Shape> Matmul::output_shapes(const Arrays& inputs) const {
  return {matmul_shape(inputs[0].shape(), inputs[1].shape(), "matmul")};
}

std::vector<Shape> AddMM::output_shapes(const Arrays& inputs) const {
  return {matmul_shape(inputs[1].shape(), inputs[2].shape(), "addmm")};
}

}  // namespace quern
