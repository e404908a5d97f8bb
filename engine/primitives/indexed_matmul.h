#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

// Matrix products that indices pick the operands of. Matrices have a float dtype or complex64,
// which is the output's too; indices are int64. An index outside its axis throws std::out_of_range
// when the product is computed.

/// inputs {a [A, M, K], b [B, K, N], lhs [n], rhs [n]}: out[i] = a[lhs[i]] @ b[rhs[i]], [n, M, N].
class GatherMM final : public PrimitiveOf<GatherMM> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "GatherMM";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

/// inputs {a [A, M, K], b [B, K, N], lhs [n], rhs [n], to [n]}: out[to[i]] is the sum of
/// a[lhs[i]] @ b[rhs[i]], [results, M, N]: what the gradients of GatherMM are.
class ScatterMM final : public PrimitiveOf<ScatterMM> {
 public:
  ScatterMM(Stream s, int results) : PrimitiveOf(s), results(results) {}
  static constexpr const char* type_name = "ScatterMM";
  auto state() const { return std::tie(results); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;

  const int results;
};

/// inputs {a [M, K], b [K, N], segments [S, 2]}: out[s] = a[:, k:l] @ b[k:l], [S, M, N], where k
/// and l are segments[s].
class SegmentedMM final : public PrimitiveOf<SegmentedMM> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "SegmentedMM";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

/// inputs {c [S, M, N], b [K, N], segments [S, 2]}: out[:, k:l] is the sum of c[s] @ b[k:l]^T over
/// the segments (k, l), which may overlap; zeros where there is none. [M, K]: what the gradients of
/// SegmentedMM are.
class SegmentedSum final : public PrimitiveOf<SegmentedSum> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "SegmentedSum";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

}  // namespace quern
