#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// inputs {a [..., M, K], b [..., K, N]} of the output's dtype (a float or complex64); batch axes
/// broadcast.
class Matmul final : public Primitive {
 public:
  explicit Matmul(Stream s) : Primitive(s) {}
  const char* name() const override { return "Matmul"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override;
  bool is_equivalent(const Primitive&) const override { return true; }
};

/// inputs {c, a, b}: alpha * (a @ b) + beta * c, c with the output's shape and dtype.
class AddMM final : public Primitive {
 public:
  AddMM(Stream s, float alpha, float beta) : Primitive(s), alpha(alpha), beta(beta) {}
  const char* name() const override { return "AddMM"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override;
  bool is_equivalent(const Primitive& other) const override;

  const float alpha;
  const float beta;
};

/// [..., M, N] for a [..., M, K] and b [..., K, N]. Throws std::invalid_argument, naming `where`,
/// when they do not multiply.
Shape matmul_shape(const Shape& a, const Shape& b, const char* where);

}  // namespace quern
