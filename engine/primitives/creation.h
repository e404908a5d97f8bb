#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Has no inputs, so that nothing can be derived or batched.
class Constant : public Primitive {
 public:
  using Primitive::Primitive;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

class Arange final : public PrimitiveOf<Arange, Constant> {
 public:
  Arange(Stream s, double start, double step, int length)
      : PrimitiveOf(s), start(start), step(step), length(length) {}
  static constexpr const char* type_name = "Arange";
  auto state() const { return std::tie(start, step, length); }
  std::vector<Shape> output_shapes(const Arrays&) const override { return {{length}}; }

  const double start;
  const double step;
  const int length;
};

/// Ones where column - row <= k, zeros elsewhere.
class Tri final : public PrimitiveOf<Tri, Constant> {
 public:
  Tri(Stream s, int rows, int columns, int k)
      : PrimitiveOf(s), rows(rows), columns(columns), k(k) {}
  static constexpr const char* type_name = "Tri";
  auto state() const { return std::tie(rows, columns, k); }
  std::vector<Shape> output_shapes(const Arrays&) const override { return {{rows, columns}}; }

  const int rows;
  const int columns;
  const int k;
};

}  // namespace quern
