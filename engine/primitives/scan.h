#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// A running reduction along an axis; the output has the input's shape and dtype.
class Scan : public Primitive {
 public:
  Scan(Stream s, int axis, bool reverse, bool inclusive)
      : Primitive(s), axis(axis), reverse(reverse), inclusive(inclusive) {}
  std::vector<Shape> output_shapes(const std::vector<array>& inputs) const override {
    return {inputs[0].shape()};
  }
  bool is_equivalent(const Primitive& other) const override {
    const auto& o = static_cast<const Scan&>(other);
    return axis == o.axis && reverse == o.reverse && inclusive == o.inclusive;
  }

  const int axis;  ///< not negative
  const bool reverse;
  const bool inclusive;
};

class CumSum final : public Scan {
 public:
  using Scan::Scan;
  const char* name() const override { return "CumSum"; }
};

class CumProd final : public Scan {
 public:
  using Scan::Scan;
  const char* name() const override { return "CumProd"; }
};

class CumMax final : public Scan {
 public:
  using Scan::Scan;
  const char* name() const override { return "CumMax"; }
};

class CumMin final : public Scan {
 public:
  using Scan::Scan;
  const char* name() const override { return "CumMin"; }
};

class LogCumSumExp final : public Scan {
 public:
  using Scan::Scan;
  const char* name() const override { return "LogCumSumExp"; }
};

}  // namespace quern
