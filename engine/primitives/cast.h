#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// A cast to bool or an integer dtype drops what varies: its derivative is zero. All others are
/// linear.
class AsType final : public PrimitiveOf<AsType> {
 public:
  AsType(Stream s, Dtype dtype) : PrimitiveOf(s), dtype(dtype) {}
  static constexpr const char* type_name = "AsType";
  auto state() const { return std::tie(dtype); }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;

  const Dtype dtype;
};

}  // namespace quern
