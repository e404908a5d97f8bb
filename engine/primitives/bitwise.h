#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// Inputs of one integer dtype or bool, which is the output's too.

class BitwiseAnd final : public PrimitiveOf<BitwiseAnd, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "BitwiseAnd";
};

class BitwiseOr final : public PrimitiveOf<BitwiseOr, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "BitwiseOr";
};

class BitwiseXor final : public PrimitiveOf<BitwiseXor, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "BitwiseXor";
};

class BitwiseInvert final : public PrimitiveOf<BitwiseInvert, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "BitwiseInvert";
};

class LeftShift final : public PrimitiveOf<LeftShift, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LeftShift";
};

class RightShift final : public PrimitiveOf<RightShift, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "RightShift";
};

}  // namespace quern
