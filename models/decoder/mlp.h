#pragma once

#include <optional>
#include <string>

#include "models/decoder/decoder_spec.h"
#include "models/decoder/feed_forward.h"
#include "models/decoder/linear.h"

namespace quern::models {

/// Two or, gated (Shazeer 2020), three projections around an activation.
class Mlp final : public FeedForward {
 public:
  Mlp(WeightReader& reader, const std::string& path, const MlpSpec& spec, int hidden_size);

  array operator()(const array& x) const override;

 private:
  Activation activation_;
  std::optional<Linear> gate_;
  Linear up_, down_;
};

}  // namespace quern::models
