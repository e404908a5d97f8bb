#pragma once

#include <string>

#include "models/weights/weight_reader.h"

namespace quern::models {

/// The activation xIELU (Huang & Schlag 2024), with two learned slopes a_p = softplus(alpha_p) and
/// a_n = beta + softplus(alpha_n):
///
///     a_p x^2 + beta x                           for x > 0
///     a_n (exp(min(x, eps)) - 1 - x) + beta x    for others
class Xielu {
 public:
  /// Takes PATH.alpha_p and PATH.alpha_n [], and PATH.beta and PATH.eps [] where they are given;
  /// else these are 0.5 and -1e-6.
  Xielu(WeightReader& reader, const std::string& path);

  /// Element by element, computed in float32, in x's dtype.
  array operator()(const array& x) const;

 private:
  array positive_, negative_, beta_, eps_;
};

}  // namespace quern::models
