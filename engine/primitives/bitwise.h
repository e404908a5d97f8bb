#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// Inputs of one integer dtype or bool, which is the output's too.

class BitwiseAnd final : public PrimitiveOf<BitwiseAnd, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "BitwiseAnd";
};

class BitwiseOr final : public PrimitiveOf<BitwiseOr, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "BitwiseOr";
};

class BitwiseXor final : public PrimitiveOf<BitwiseXor, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "BitwiseXor";
};

class BitwiseInvert final : public PrimitiveOf<BitwiseInvert, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "BitwiseInvert";
};

class LeftShift final : public PrimitiveOf<LeftShift, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LeftShift";
};

class RightShift final : public PrimitiveOf<RightShift, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "RightShift";
};

}  // namespace quern
