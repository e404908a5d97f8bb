#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

class AsType final : public Primitive {
 public:
  AsType(Stream s, Dtype dtype) : Primitive(s), dtype(dtype) {}
  const char* name() const override { return "AsType"; }
  bool is_equivalent(const Primitive& other) const override {
    return dtype == static_cast<const AsType&>(other).dtype;
  }

  const Dtype dtype;
};

}  // namespace quern
