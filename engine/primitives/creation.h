#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

class Arange final : public PrimitiveOf<Arange> {
 public:
  Arange(Stream s, double start, double step) : PrimitiveOf(s), start(start), step(step) {}
  static constexpr const char* type_name = "Arange";
  auto state() const { return std::tie(start, step); }

  const double start;
  const double step;
};

/// Ones where column - row <= k, zeros elsewhere.
class Tri final : public PrimitiveOf<Tri> {
 public:
  Tri(Stream s, int k) : PrimitiveOf(s), k(k) {}
  static constexpr const char* type_name = "Tri";
  auto state() const { return std::tie(k); }

  const int k;
};

}  // namespace quern
