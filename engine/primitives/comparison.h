#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

// Two inputs of one dtype, or one; the output is bool.

class Equal final : public PrimitiveOf<Equal, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Equal";
};

class NotEqual final : public PrimitiveOf<NotEqual, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "NotEqual";
};

class Greater final : public PrimitiveOf<Greater, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Greater";
};

class GreaterEqual final : public PrimitiveOf<GreaterEqual, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "GreaterEqual";
};

class Less final : public PrimitiveOf<Less, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Less";
};

class LessEqual final : public PrimitiveOf<LessEqual, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LessEqual";
};

class LogicalAnd final : public PrimitiveOf<LogicalAnd, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LogicalAnd";
};

class LogicalOr final : public PrimitiveOf<LogicalOr, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LogicalOr";
};

class LogicalXor final : public PrimitiveOf<LogicalXor, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LogicalXor";
};

class LogicalNot final : public PrimitiveOf<LogicalNot, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "LogicalNot";
};

class IsNaN final : public PrimitiveOf<IsNaN, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "IsNaN";
};

class IsInf final : public PrimitiveOf<IsInf, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "IsInf";
};

class IsFinite final : public PrimitiveOf<IsFinite, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "IsFinite";
};

class IsPosInf final : public PrimitiveOf<IsPosInf, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "IsPosInf";
};

class IsNegInf final : public PrimitiveOf<IsNegInf, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "IsNegInf";
};

/// condition (bool), x and y (of one dtype, the output's): x where true, else y.
class Select final : public PrimitiveOf<Select, Elementwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "Select";
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
};

}  // namespace quern
