#pragma once

#include <memory>
#include <optional>
#include <string>

#include "models/decoder/activation.h"
#include "models/decoder/feed_forward.h"
#include "models/decoder/linear.h"
#include "models/decoder/mlp_spec.h"
#include "models/decoder/norm.h"
#include "models/decoder/xielu.h"

namespace quern::models {

/// Two or, gated (Shazeer 2020), three projections around an activation.
class Mlp final : public FeedForward {
 public:
  Mlp(WeightReader& reader, const std::string& path, const MlpSpec& spec, int hidden_size);

  array operator()(const array& x) const override;

 private:
  array activated(const array& x) const;
  array activated(const array& gate, const array& up) const;

  Activation activation_;
  std::optional<array> gate_deviations_;  ///< above the mean, to pass: a scalar
  std::optional<Xielu> xielu_;
  std::optional<Linear> fused_, gate_, up_;
  std::optional<Norm> down_norm_;
  Linear down_;
};

std::unique_ptr<const FeedForward> make_part(WeightReader& reader, const std::string& path,
                                             const MlpSpec& spec, int hidden_size);

}  // namespace quern::models
