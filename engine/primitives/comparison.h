#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// Two inputs of one dtype, or one; the output is bool.

class Equal final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Equal"; }
};

class NotEqual final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "NotEqual"; }
};

class Greater final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Greater"; }
};

class GreaterEqual final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "GreaterEqual"; }
};

class Less final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Less"; }
};

class LessEqual final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "LessEqual"; }
};

class LogicalAnd final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "LogicalAnd"; }
};

class LogicalOr final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "LogicalOr"; }
};

class LogicalXor final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "LogicalXor"; }
};

class LogicalNot final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "LogicalNot"; }
};

class IsNaN final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "IsNaN"; }
};

class IsInf final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "IsInf"; }
};

class IsFinite final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "IsFinite"; }
};

class IsPosInf final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "IsPosInf"; }
};

class IsNegInf final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "IsNegInf"; }
};

/// condition (bool), x and y (of one dtype, the output's): x where true, else y.
class Select final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Select"; }
};

}  // namespace quern
