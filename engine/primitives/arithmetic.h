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

class Subtract final : public PrimitiveOf<Subtract, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Subtract";
};

class Multiply final : public PrimitiveOf<Multiply, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Multiply";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Divide final : public PrimitiveOf<Divide, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Divide";
};

class FloorDivide final : public PrimitiveOf<FloorDivide, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "FloorDivide";
};

class Remainder final : public PrimitiveOf<Remainder, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Remainder";
};

class Power final : public PrimitiveOf<Power, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Power";
};

class Maximum final : public PrimitiveOf<Maximum, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Maximum";
};

class Minimum final : public PrimitiveOf<Minimum, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Minimum";
};

class LogAddExp final : public PrimitiveOf<LogAddExp, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LogAddExp";
};

class ArcTan2 final : public PrimitiveOf<ArcTan2, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcTan2";
};

}  // namespace quern
