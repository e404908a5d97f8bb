#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Input: keys [.., 2]; output: [.., shape], one block of random bits per key.
class RandomBits final : public PrimitiveOf<RandomBits> {
 public:
  RandomBits(Stream s, Shape shape, int width)
      : PrimitiveOf(s), shape(std::move(shape)), width(width) {}
  static constexpr const char* type_name = "RandomBits";
  auto state() const { return std::tie(shape, width); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;

  const Shape shape;
  const int width;  ///< bytes per element
};

}  // namespace quern
