#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Reduces over axes, which keep length 1 in the output.
class Reduction : public Primitive {
 public:
  Reduction(Stream s, std::vector<int> axes) : Primitive(s), axes(std::move(axes)) {}
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override;
  bool is_equivalent(const Primitive& other) const override;

  const std::vector<int> axes;  ///< not negative, ascending
};

/// Accumulates in float32 (float64 for float64) or the integer type; the output has the input's
/// dtype, or float32 for an input of a half dtype.
class Sum final : public Reduction {
 public:
  using Reduction::Reduction;
  const char* name() const override { return "Sum"; }
};

class Prod final : public Reduction {
 public:
  using Reduction::Reduction;
  const char* name() const override { return "Prod"; }
};

class Max final : public Reduction {
 public:
  using Reduction::Reduction;
  const char* name() const override { return "Max"; }
};

class Min final : public Reduction {
 public:
  using Reduction::Reduction;
  const char* name() const override { return "Min"; }
};

/// bool to bool.
class All final : public Reduction {
 public:
  using Reduction::Reduction;
  const char* name() const override { return "All"; }
};

class Any final : public Reduction {
 public:
  using Reduction::Reduction;
  const char* name() const override { return "Any"; }
};

/// Over one axis; the output is uint32.
class ArgMax final : public Reduction {
 public:
  using Reduction::Reduction;
  const char* name() const override { return "ArgMax"; }
};

class ArgMin final : public Reduction {
 public:
  using Reduction::Reduction;
  const char* name() const override { return "ArgMin"; }
};

/// Over the last axis.
class LogSumExp final : public Reduction {
 public:
  using Reduction::Reduction;
  const char* name() const override { return "LogSumExp"; }
};

/// Over the last axis, which keeps its length.
class Softmax final : public Primitive {
 public:
  using Primitive::Primitive;
  const char* name() const override { return "Softmax"; }
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override {
    return {inputs[0].shape()};
  }
  bool is_equivalent(const Primitive&) const override { return true; }
};

}  // namespace quern
