#pragma once

#include <string>
#include <vector>

#include "tests/models/families/tiny_model.h"

namespace quern::tests {

/// Multi-head latent attention written out in full: every head's keys and values of every token.
struct LatentAttention {
  int hidden = 0, heads = 0;
  int query_rank = 0;  ///< 0: there is no queries' latent
  int rank = 0, plain = 0, turning = 0, value = 0;
  std::vector<double> periods = {};
  bool interleaved = true;
  double scale = 0;

  /// Under the published names, without a path.
  TinyTensors tensors() const;
  /// path: with its dot.
  reference::Matrix operator()(const reference::Matrix& x, const TinyModel& model,
                               const std::string& path) const;
};

}  // namespace quern::tests
