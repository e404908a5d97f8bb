#pragma once

#include <memory>
#include <string>

#include "models/decoder/dense_and_moe_spec.h"
#include "models/decoder/moe.h"
#include "models/decoder/norm.h"

namespace quern::models {

/// An MLP and a mixture of experts side by side.
class DenseAndMoe final : public FeedForward {
 public:
  /// Takes PATH.mlp and PATH.experts.switch_glu; PATH.router.proj, router.scale [hidden_size] and
  /// router.per_expert_scale [num_experts]; of the MLP PATH.pre_feedforward_layernorm and
  /// post_feedforward_layernorm_1, of the experts pre_feedforward_layernorm_2 and
  /// post_feedforward_layernorm_2.
  DenseAndMoe(WeightReader& reader, const std::string& path, const DenseAndMoeSpec& spec,
              int hidden_size);

  array operator()(const array& x) const override;

 private:
  array mixture(const array& tokens) const;

  float eps_;
  Mlp dense_;
  Router router_;
  Experts experts_;
  array router_scale_;  ///< [hidden_size], what the router's input is multiplied by once normalised
  array expert_scale_;  ///< [num_experts], float32
  Norm dense_pre_norm_, dense_post_norm_, moe_pre_norm_, moe_post_norm_;
};

std::unique_ptr<const FeedForward> make_part(WeightReader& reader, const std::string& path,
                                             const DenseAndMoeSpec& spec, int hidden_size);

}  // namespace quern::models
