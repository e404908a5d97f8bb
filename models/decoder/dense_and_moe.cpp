#include "models/decoder/dense_and_moe.h"

#include <cmath>

#include "engine/ops/arithmetic.h"
#include "engine/ops/fast.h"
#include "engine/ops/indexing.h"
#include "engine/ops/shape.h"

namespace quern::models {

PartSizes DenseAndMoeSpec::sizes() const {
  const size_t routed = size_t(router.experts_per_token) * expert.sizes().activations_per_token;
  return {dense.sizes().activations_per_token + routed + size_t(router.num_experts), 0,
          std::nullopt, 0};
}

DenseAndMoe::DenseAndMoe(WeightReader& reader, const std::string& path, const DenseAndMoeSpec& spec,
                         int hidden_size)
    : eps_(spec.norm.eps),
      dense_(reader, path + ".mlp", spec.dense, hidden_size),
      router_(reader, path + ".router", spec.router, hidden_size),
      experts_(reader, path + ".experts.switch_glu", spec.expert, spec.router.num_experts,
               hidden_size),
      router_scale_(reader.take(path + ".router.scale", {hidden_size}, float32)),
      expert_scale_(
          reader.take(path + ".router.per_expert_scale", {spec.router.num_experts}, float32)),
      dense_pre_norm_(reader, path + ".pre_feedforward_layernorm", spec.norm, hidden_size),
      dense_post_norm_(reader, path + ".post_feedforward_layernorm_1", spec.norm, hidden_size),
      moe_pre_norm_(reader, path + ".pre_feedforward_layernorm_2", spec.norm, hidden_size),
      moe_post_norm_(reader, path + ".post_feedforward_layernorm_2", spec.norm, hidden_size) {
  router_scale_ = multiply(router_scale_, array(1 / std::sqrt(float(hidden_size))));
}

/// [N, hidden_size] -> the same.
array DenseAndMoe::mixture(const array& tokens) const {
  Routes routes = router_(fast::rms_norm(tokens, router_scale_, eps_));
  routes.weights = multiply(routes.weights, take(expert_scale_, routes.experts, 0));
  return moe_post_norm_(experts_.mixed(moe_pre_norm_(tokens), routes));
}

array DenseAndMoe::operator()(const array& x) const {
  const array mixed = reshape(mixture(flatten(x, 0, -2)), x.shape());
  return add(dense_post_norm_(dense_(dense_pre_norm_(x))), mixed);
}

std::unique_ptr<const FeedForward> make_part(WeightReader& reader, const std::string& path,
                                             const DenseAndMoeSpec& spec, int hidden_size) {
  return std::make_unique<DenseAndMoe>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
