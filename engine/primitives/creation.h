#pragma once

#include "engine/primitives/primitive.h"

namespace quern {

class Arange final : public Primitive {
 public:
  Arange(Stream s, double start, double step) : Primitive(s), start(start), step(step) {}
  const char* name() const override { return "Arange"; }
  bool is_equivalent(const Primitive& other) const override {
    const auto& o = static_cast<const Arange&>(other);
    return start == o.start && step == o.step;
  }

  const double start;
  const double step;
};

/// Ones where column - row <= k, zeros elsewhere.
class Tri final : public Primitive {
 public:
  Tri(Stream s, int k) : Primitive(s), k(k) {}
  const char* name() const override { return "Tri"; }
  bool is_equivalent(const Primitive& other) const override {
    return k == static_cast<const Tri&>(other).k;
  }

  const int k;
};

}  // namespace quern
