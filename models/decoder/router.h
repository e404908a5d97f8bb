#pragma once

#include <optional>
#include <string>

#include "models/decoder/router_spec.h"
#include "models/weights/weight_matrix.h"

namespace quern::models {

/// Which experts each of N tokens goes to, and how much each counts.
struct Routes {
  array experts;  ///< [N, experts_per_token], uint32
  array weights;  ///< the same shape, float32
};

class Router {
 public:
  /// Takes PATH.NAME.weight [num_experts, hidden_size] and what else the spec names. Throws
  /// ModelError for numbers of experts and groups that do not fit together.
  Router(WeightReader& reader, const std::string& path, const RouterSpec& spec, int hidden_size);

  /// x: [N, hidden_size], any float dtype. Of equal scores the one with the lower number wins.
  Routes operator()(const array& x) const;

 private:
  Routes choose_by(const array& scores) const;

  RouterSpec spec_;
  WeightMatrix weight_;
  std::optional<array> bias_, correction_;  ///< [num_experts], float32
};

/// What the sparse mixer makes of logits [N, E] for inference.
Routes sparse_mixer(const array& logits, int experts_per_token, float tie_width);

}  // namespace quern::models
