#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// Two inputs of one dtype, which is the output's too.

class Add final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Add"; }
};

class Subtract final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Subtract"; }
};

class Multiply final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Multiply"; }
};

class Divide final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Divide"; }
};

class FloorDivide final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "FloorDivide"; }
};

class Remainder final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Remainder"; }
};

class Power final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Power"; }
};

class Maximum final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Maximum"; }
};

class Minimum final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "Minimum"; }
};

class LogAddExp final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "LogAddExp"; }
};

class ArcTan2 final : public Elementwise {
 public:
  using Elementwise::Elementwise;
  const char* name() const override { return "ArcTan2"; }
};

}  // namespace quern
