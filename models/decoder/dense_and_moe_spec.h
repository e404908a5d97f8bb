#pragma once

#include "models/decoder/mlp_spec.h"
#include "models/decoder/norm_spec.h"
#include "models/decoder/part_sizes.h"
#include "models/decoder/router_spec.h"

namespace quern::models {

/// An MLP for all tokens and a mixture of experts beside it, each with norms of its own, added
/// (Gemma 4). It is for layers whose feed_forward_name is empty and which have no norm before it.
struct DenseAndMoeSpec {
  MlpSpec dense;
  RouterSpec router;
  MlpSpec expert;
  NormSpec norm;

  PartSizes sizes() const;
};

}  // namespace quern::models
