#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// One input. The output has its dtype, but for Abs, Real and Imag of complex64: float32.

class Abs final : public PrimitiveOf<Abs, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Abs";
};

class Negative final : public PrimitiveOf<Negative, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Negative";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Sign final : public PrimitiveOf<Sign, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sign";
};

class Square final : public PrimitiveOf<Square, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Square";
};

class Floor final : public PrimitiveOf<Floor, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Floor";
};

class Ceil final : public PrimitiveOf<Ceil, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Ceil";
};

class Trunc final : public PrimitiveOf<Trunc, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Trunc";
};

class Round final : public PrimitiveOf<Round, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Round";
};

class Real final : public PrimitiveOf<Real, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Real";
};

class Imag final : public PrimitiveOf<Imag, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Imag";
};

class Conjugate final : public PrimitiveOf<Conjugate, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Conjugate";
};

// Floating and complex dtypes only.

class Reciprocal final : public PrimitiveOf<Reciprocal, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Reciprocal";
};

class Sqrt final : public PrimitiveOf<Sqrt, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sqrt";
};

class Rsqrt final : public PrimitiveOf<Rsqrt, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Rsqrt";
};

class Exp final : public PrimitiveOf<Exp, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Exp";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Expm1 final : public PrimitiveOf<Expm1, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Expm1";
};

class Log final : public PrimitiveOf<Log, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Log";
};

class Log2 final : public PrimitiveOf<Log2, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Log2";
};

class Log10 final : public PrimitiveOf<Log10, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Log10";
};

class Log1p final : public PrimitiveOf<Log1p, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Log1p";
};

class Sin final : public PrimitiveOf<Sin, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sin";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Cos final : public PrimitiveOf<Cos, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Cos";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Tan final : public PrimitiveOf<Tan, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Tan";
};

class ArcSin final : public PrimitiveOf<ArcSin, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcSin";
};

class ArcCos final : public PrimitiveOf<ArcCos, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcCos";
};

class ArcTan final : public PrimitiveOf<ArcTan, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcTan";
};

class Sinh final : public PrimitiveOf<Sinh, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sinh";
};

class Cosh final : public PrimitiveOf<Cosh, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Cosh";
};

class Tanh final : public PrimitiveOf<Tanh, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Tanh";
};

class ArcSinh final : public PrimitiveOf<ArcSinh, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcSinh";
};

class ArcCosh final : public PrimitiveOf<ArcCosh, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcCosh";
};

class ArcTanh final : public PrimitiveOf<ArcTanh, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcTanh";
};

class Sigmoid final : public PrimitiveOf<Sigmoid, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sigmoid";
};

class Erf final : public PrimitiveOf<Erf, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Erf";
};

class ErfInv final : public PrimitiveOf<ErfInv, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ErfInv";
};

}  // namespace quern
