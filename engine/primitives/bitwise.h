#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// Inputs of one integer dtype or bool, which is the output's too.

class BitwiseAnd final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "BitwiseAnd"; }
};

class BitwiseOr final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "BitwiseOr"; }
};

class BitwiseXor final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "BitwiseXor"; }
};

class BitwiseInvert final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "BitwiseInvert"; }
};

class LeftShift final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "LeftShift"; }
};

class RightShift final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "RightShift"; }
};

}  // namespace quern
