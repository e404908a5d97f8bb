#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// inputs {a [..., n]}, a float: `scale` times the Hadamard matrix of order n = m * 2^k, with m 1,
/// 12, 20 or 28, or its transpose, times each row of a.
class Hadamard final : public PrimitiveOf<Hadamard> {
 public:
  Hadamard(Stream s, float scale, bool transposed)
      : PrimitiveOf(s), scale(scale), transposed(transposed) {}
  static constexpr const char* type_name = "Hadamard";
  auto state() const { return std::tie(scale, transposed); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[0].shape()};
  }
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;

  const float scale;
  const bool transposed;
};

/// n as m * 2^k: the m that Hadamard has, 0 when there is none.
int hadamard_factor(int n);

}  // namespace quern
