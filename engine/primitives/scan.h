#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// A running reduction along an axis; the output has the input's shape and dtype.
class Scan : public Primitive {
 public:
  Scan(Stream s, int axis, bool reverse, bool inclusive)
      : Primitive(s), axis(axis), reverse(reverse), inclusive(inclusive) {}
  auto state() const { return std::tie(axis, reverse, inclusive); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[0].shape()};
  }

  const int axis;  ///< not negative
  const bool reverse;
  const bool inclusive;
};

class CumSum final : public PrimitiveOf<CumSum, Scan> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "CumSum";
};

class CumProd final : public PrimitiveOf<CumProd, Scan> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "CumProd";
};

class CumMax final : public PrimitiveOf<CumMax, Scan> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "CumMax";
};

class CumMin final : public PrimitiveOf<CumMin, Scan> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "CumMin";
};

class LogCumSumExp final : public PrimitiveOf<LogCumSumExp, Scan> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LogCumSumExp";
};

}  // namespace quern
