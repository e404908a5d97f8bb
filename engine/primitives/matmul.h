#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// inputs {a [..., M, K], b [..., K, N]} of the output's dtype (a float or complex64); batch axes
/// broadcast.
class Matmul final : public PrimitiveOf<Matmul> {
 public:
  explicit Matmul(Stream s) : PrimitiveOf(s) {}
  static constexpr const char* type_name = "Matmul";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

/// inputs {c, a, b}: alpha * (a @ b) + beta * c, c with the output's shape and dtype.
class AddMM final : public PrimitiveOf<AddMM> {
 public:
  AddMM(Stream s, float alpha, float beta) : PrimitiveOf(s), alpha(alpha), beta(beta) {}
  static constexpr const char* type_name = "AddMM";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(alpha, beta); }

  const float alpha;
  const float beta;
};

/// [..., M, N] for a [..., M, K] and b [..., K, N]. Throws std::invalid_argument, naming `where`,
/// when they do not multiply.
Shape matmul_shape(const Shape& a, const Shape& b, const char* where);

}  // namespace quern
