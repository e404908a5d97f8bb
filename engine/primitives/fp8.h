#pragma once

#include "engine/primitives/elementwise.h"

namespace quern {

/// A float of 16 or 32 bits to the bytes of its nearest e4m3.
class ToFP8 final : public PrimitiveOf<ToFP8, Stepwise> {
 public:
  using PrimitiveOf::PrimitiveOf;
  static constexpr const char* type_name = "ToFP8";
};

/// Bytes of e4m3 to the float16, bfloat16 or float32 that they mean.
class FromFP8 final : public PrimitiveOf<FromFP8, Stepwise> {
 public:
  FromFP8(Stream s, Dtype dtype) : PrimitiveOf(s), dtype(dtype) {}
  static constexpr const char* type_name = "FromFP8";
  auto state() const { return std::tie(dtype); }

  const Dtype dtype;
};

}  // namespace quern
