#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

/// Input: keys [.., 2]; output: [.., shape], one block of random bits per key.
class RandomBits final : public Primitive {
 public:
  RandomBits(Stream s, Shape shape, int width)
      : Primitive(s), shape(std::move(shape)), width(width) {}
  const char* name() const override { return "RandomBits"; }
  bool is_equivalent(const Primitive& other) const override {
    const auto& o = static_cast<const RandomBits&>(other);
    return shape == o.shape && width == o.width;
  }

  const Shape shape;
  const int width;  ///< bytes per element
};

}  // namespace quern
