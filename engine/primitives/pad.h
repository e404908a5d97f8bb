#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Inputs: an array and a scalar of its dtype. The array with low[i] and high[i] more elements,
/// equal to the scalar, before and after those of axis i.
class Pad final : public PrimitiveOf<Pad> {
 public:
  Pad(Stream s, Shape low, Shape high)
      : PrimitiveOf(s), low(std::move(low)), high(std::move(high)) {}
  static constexpr const char* type_name = "Pad";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(low, high); }

  const Shape low;
  const Shape high;

 private:
  array padded(const array& a, const array& value) const;
  /// What of a padded array the unpadded one was.
  array inside(const array& padded) const;
};

}  // namespace quern
