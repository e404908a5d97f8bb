#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// One input. The output has its dtype, but for Abs, Real and Imag of complex64: float32.

class Abs final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Abs"; }
};

class Negative final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Negative"; }
};

class Sign final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Sign"; }
};

class Square final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Square"; }
};

class Floor final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Floor"; }
};

class Ceil final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Ceil"; }
};

class Trunc final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Trunc"; }
};

class Round final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Round"; }
};

class Real final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Real"; }
};

class Imag final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Imag"; }
};

class Conjugate final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Conjugate"; }
};

// Floating and complex dtypes only.

class Reciprocal final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Reciprocal"; }
};

class Sqrt final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Sqrt"; }
};

class Rsqrt final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Rsqrt"; }
};

class Exp final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Exp"; }
};

class Expm1 final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Expm1"; }
};

class Log final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Log"; }
};

class Log2 final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Log2"; }
};

class Log10 final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Log10"; }
};

class Log1p final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Log1p"; }
};

class Sin final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Sin"; }
};

class Cos final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Cos"; }
};

class Tan final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Tan"; }
};

class ArcSin final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "ArcSin"; }
};

class ArcCos final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "ArcCos"; }
};

class ArcTan final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "ArcTan"; }
};

class Sinh final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Sinh"; }
};

class Cosh final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Cosh"; }
};

class Tanh final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Tanh"; }
};

class ArcSinh final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "ArcSinh"; }
};

class ArcCosh final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "ArcCosh"; }
};

class ArcTanh final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "ArcTanh"; }
};

class Sigmoid final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Sigmoid"; }
};

class Erf final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Erf"; }
};

class ErfInv final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "ErfInv"; }
};

}  // namespace quern
