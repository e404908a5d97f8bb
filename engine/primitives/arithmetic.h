#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// Two inputs of one dtype, which is the output's too.

class Add final : public PrimitiveOf<Add, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Add";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Subtract final : public PrimitiveOf<Subtract, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Subtract";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Multiply final : public PrimitiveOf<Multiply, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Multiply";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Divide final : public PrimitiveOf<Divide, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Divide";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class FloorDivide final : public PrimitiveOf<FloorDivide, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "FloorDivide";
};

class Remainder final : public PrimitiveOf<Remainder, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Remainder";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Power final : public PrimitiveOf<Power, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Power";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Maximum final : public PrimitiveOf<Maximum, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Maximum";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Minimum final : public PrimitiveOf<Minimum, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Minimum";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class LogAddExp final : public PrimitiveOf<LogAddExp, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LogAddExp";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class ArcTan2 final : public PrimitiveOf<ArcTan2, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcTan2";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

}  // namespace quern
