#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

// Functions of the matrices in the last two axes; the axes before them are batches. Inputs are of
// the output's dtype, float32, float64 or complex64, unless a class says otherwise, and all inputs
// have the same batch axes. A^H stands for the conjugate transpose.

class MatrixFunction : public Primitive {
 public:
  using Primitive::Primitive;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

/// A^-1 of [.., n, n]. Of a triangular one, the other triangle is not read and is 0 in the result.
class Inverse final : public PrimitiveOf<Inverse, MatrixFunction> {
 public:
  Inverse(Stream s, bool triangular, bool upper)
      : PrimitiveOf(s), triangular(triangular), upper(upper) {}
  static constexpr const char* type_name = "Inverse";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  auto state() const { return std::tie(triangular, upper); }

  const bool triangular;
  const bool upper;
};

/// inputs {A [.., n, n], B [.., n, k]}: X with A X = B.
class Solve final : public PrimitiveOf<Solve, MatrixFunction> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Solve";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// The same for a triangular A, whose other triangle is not read.
class SolveTriangular final : public PrimitiveOf<SolveTriangular, MatrixFunction> {
 public:
  SolveTriangular(Stream s, bool upper) : PrimitiveOf(s), upper(upper) {}
  static constexpr const char* type_name = "SolveTriangular";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  auto state() const { return std::tie(upper); }

  const bool upper;
};

/// The Moore-Penrose inverse, [.., n, m] of [.., m, n].
class PseudoInverse final : public PrimitiveOf<PseudoInverse, MatrixFunction> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "PseudoInverse";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// The factor of a Hermitian positive definite A [.., n, n]: lower L with A = L L^H, or upper U
/// with A = U^H U. Reads that triangle; derivatives are those of A's Hermitian part.
class Cholesky final : public PrimitiveOf<Cholesky, MatrixFunction> {
 public:
  Cholesky(Stream s, bool upper) : PrimitiveOf(s), upper(upper) {}
  static constexpr const char* type_name = "Cholesky";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  auto state() const { return std::tie(upper); }

  const bool upper;
};

/// The determinant, [..] of [.., n, n].
class Det final : public PrimitiveOf<Det, MatrixFunction> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Det";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// The matrix of cofactors, det(A) A^-T where A has an inverse: the derivative of the determinant,
/// for singular matrices too. Its own derivatives need the inverse.
class Cofactor final : public PrimitiveOf<Cofactor, MatrixFunction> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Cofactor";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// outputs {sign of the determinant, the dtype; log of its magnitude, real}, both [..].
class SlogDet final : public PrimitiveOf<SlogDet, MatrixFunction> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "SlogDet";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// outputs {Q [.., m, k], R [.., k, n]} of [.., m, n], k = min(m, n).
class QR final : public PrimitiveOf<QR, MatrixFunction> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "QR";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// outputs {L without its diagonal of ones and U in one matrix [.., m, n]; pivots [.., min(m, n)]:
/// the row that was exchanged with row i; rows [.., m]: the row of L U that holds each row of A},
/// the last two uint32. Pivots are the largest of their column.
class LU final : public PrimitiveOf<LU, MatrixFunction> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LU";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

/// outputs {U [.., m, m], S [.., min(m, n)] descending and real, V^H [.., n, n]} of [.., m, n], or
/// S alone. The derivatives of columns of U and V that belong to no singular value are taken as
/// those that keep them orthogonal to the others and change them no further; parts that equal
/// singular values leave undetermined are 0.
class SVD final : public PrimitiveOf<SVD, MatrixFunction> {
 public:
  SVD(Stream s, bool compute_uv) : PrimitiveOf(s), compute_uv(compute_uv) {}
  static constexpr const char* type_name = "SVD";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  auto state() const { return std::tie(compute_uv); }

  const bool compute_uv;
};

/// outputs {eigenvalues [.., n] ascending and real, eigenvectors [.., n, n] in columns} of a
/// Hermitian
/// [.., n, n], or the eigenvalues alone. Reads the triangle that `uplo`, "L" or "U", names;
/// derivatives are those of A's Hermitian part.
class Eigh final : public PrimitiveOf<Eigh, MatrixFunction> {
 public:
  Eigh(Stream s, std::string uplo, bool compute_vectors)
      : PrimitiveOf(s), uplo(std::move(uplo)), compute_vectors(compute_vectors) {}
  static constexpr const char* type_name = "Eigh";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  auto state() const { return std::tie(uplo, compute_vectors); }

  const std::string uplo;
  const bool compute_vectors;
};

/// The same for any square matrix: complex64, eigenvectors of length 1, in no particular order.
class Eig final : public PrimitiveOf<Eig, MatrixFunction> {
 public:
  Eig(Stream s, bool compute_vectors) : PrimitiveOf(s), compute_vectors(compute_vectors) {}
  static constexpr const char* type_name = "Eig";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  auto state() const { return std::tie(compute_vectors); }

  const bool compute_vectors;
};

}  // namespace quern
