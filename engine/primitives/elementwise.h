#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Computes each element of the output from the elements at the same place of the inputs, which all
/// have the output's shape and, unless a class says otherwise, one dtype. What it computes is its
/// type.
class Elementwise : public Primitive {
 public:
  using Primitive::Primitive;
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
};

/// An elementwise function with a derivative.
class Differentiable : public Elementwise {
 public:
  using Elementwise::Elementwise;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;

  /// `t` times the derivative with respect to inputs[argnum], where the inputs are `x` and the
  /// output is `y`.
  virtual array times_derivative(const array& t, int argnum, const std::vector<array>& x,
                                 const array& y) const = 0;
};

/// a - b, but 0 where both are the same infinity.
array finite_difference(const array& a, const array& b);

/// An elementwise function that is constant but for steps: its derivative is zero.
class Stepwise : public Elementwise {
 public:
  using Elementwise::Elementwise;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

}  // namespace quern
