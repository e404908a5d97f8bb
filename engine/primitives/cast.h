#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

class AsType final : public PrimitiveOf<AsType> {
 public:
  AsType(Stream s, Dtype dtype) : PrimitiveOf(s), dtype(dtype) {}
  static constexpr const char* type_name = "AsType";
  auto state() const { return std::tie(dtype); }

  const Dtype dtype;
};

}  // namespace quern
