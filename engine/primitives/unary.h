#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// One input. The output has its dtype, but for Abs, Real and Imag of complex64: float32.

class Abs final : public PrimitiveOf<Abs, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Abs";
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
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
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

class Square final : public PrimitiveOf<Square, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Square";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Floor final : public PrimitiveOf<Floor, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Floor";
};

class Ceil final : public PrimitiveOf<Ceil, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Ceil";
};

class Trunc final : public PrimitiveOf<Trunc, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Trunc";
};

class Round final : public PrimitiveOf<Round, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Round";
};

class Real final : public PrimitiveOf<Real, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Real";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

class Imag final : public PrimitiveOf<Imag, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Imag";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

class Conjugate final : public PrimitiveOf<Conjugate, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Conjugate";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

// Floating and complex dtypes only.

class Reciprocal final : public PrimitiveOf<Reciprocal, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Reciprocal";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Sqrt final : public PrimitiveOf<Sqrt, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sqrt";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Rsqrt final : public PrimitiveOf<Rsqrt, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Rsqrt";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Exp final : public PrimitiveOf<Exp, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Exp";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Expm1 final : public PrimitiveOf<Expm1, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Expm1";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Log final : public PrimitiveOf<Log, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Log";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Log2 final : public PrimitiveOf<Log2, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Log2";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Log10 final : public PrimitiveOf<Log10, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Log10";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Log1p final : public PrimitiveOf<Log1p, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Log1p";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
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

class Tan final : public PrimitiveOf<Tan, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Tan";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class ArcSin final : public PrimitiveOf<ArcSin, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcSin";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class ArcCos final : public PrimitiveOf<ArcCos, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcCos";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class ArcTan final : public PrimitiveOf<ArcTan, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcTan";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Sinh final : public PrimitiveOf<Sinh, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sinh";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Cosh final : public PrimitiveOf<Cosh, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Cosh";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Tanh final : public PrimitiveOf<Tanh, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Tanh";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class ArcSinh final : public PrimitiveOf<ArcSinh, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcSinh";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class ArcCosh final : public PrimitiveOf<ArcCosh, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcCosh";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class ArcTanh final : public PrimitiveOf<ArcTanh, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ArcTanh";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Sigmoid final : public PrimitiveOf<Sigmoid, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Sigmoid";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class Erf final : public PrimitiveOf<Erf, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Erf";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

class ErfInv final : public PrimitiveOf<ErfInv, Differentiable> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ErfInv";
  array times_derivative(const array& t, int argnum, const Arrays& x,
                         const array& y) const override;
};

}  // namespace quern
