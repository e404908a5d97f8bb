#include "models/decoder/moe.h"

#include <algorithm>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "models/decoder/activation.h"

namespace quern::models {

PartSizes MoeSpec::sizes() const {
  const size_t routed = size_t(router.experts_per_token) * expert.sizes().activations_per_token;
  const size_t always = shared ? shared->sizes().activations_per_token : 0;
  return {std::max(routed, always) + size_t(router.num_experts), 0, std::nullopt, 0};
}

Experts::Experts(WeightReader& reader, const std::string& path, const MlpSpec& spec,
                 int num_experts, int hidden_size)
    : activation_(spec.activation),
      up_(reader, path + "." + spec.up, num_experts, spec.intermediate_size, hidden_size,
          spec.bias),
      down_(reader, path + "." + spec.down, num_experts, hidden_size, spec.intermediate_size,
            spec.bias) {
  if (spec.gated) {
    gate_.emplace(reader, path + "." + spec.gate, num_experts, spec.intermediate_size, hidden_size,
                  spec.bias);
  }
}

array Experts::operator()(const array& x, const array& experts,
                          const std::optional<array>& rows) const {
  const array up = up_.project(x, experts, rows);
  const array inner = gate_ ? activate(activation_, gate_->project(x, experts, rows), up)
                            : activate(activation_, up);
  return down_.project(inner, experts);
}

array Experts::mixed(const array& tokens, const Routes& routes) const {
  const int count = tokens.shape(0), k = routes.experts.shape(1), width = tokens.shape(1);
  const array numbers = expand_dims(arange(0, count, 1), 1);
  const array rows = flatten(broadcast_to(numbers, {count, k}));
  const array out = (*this)(tokens, flatten(routes.experts), rows);
  const array weighed = multiply(reshape(out, {count, k, width}), expand_dims(routes.weights, -1));
  return astype(sum(weighed, 1), tokens.dtype());
}

Moe::Moe(WeightReader& reader, const std::string& path, const MoeSpec& spec, int hidden_size)
    : weighs_input_(spec.weighs_input),
      router_(reader, path, spec.router, hidden_size),
      experts_(reader, path + "." + spec.experts_name, spec.expert, spec.router.num_experts,
               spec.latent_size.value_or(hidden_size)) {
  if (spec.latent_size) {
    into_latent_.emplace(reader, path + ".fc1_latent_proj", *spec.latent_size, hidden_size, false);
    from_latent_.emplace(reader, path + ".fc2_latent_proj", hidden_size, *spec.latent_size, false);
  }
  if (spec.shared) {
    shared_.emplace(reader, path + "." + spec.shared_name, *spec.shared, hidden_size);
  }
  if (spec.shared_gate_name) {
    shared_gate_.emplace(reader, path + "." + *spec.shared_gate_name, 1, hidden_size, false);
  }
}

/// [N, hidden_size] -> the same.
array Moe::routed(const array& tokens) const {
  const array seen = into_latent_ ? (*into_latent_)(tokens) : tokens;
  const Routes routes = router_(tokens);
  if (!weighs_input_) {
    const array mixed = experts_.mixed(seen, routes);
    return from_latent_ ? (*from_latent_)(mixed) : mixed;
  }
  const int count = seen.shape(0), k = routes.experts.shape(1), width = seen.shape(1);
  const array weighed =
      astype(multiply(expand_dims(seen, 1), expand_dims(routes.weights, -1)), seen.dtype());
  const array out =
      experts_(reshape(weighed, {count * k, width}), flatten(routes.experts), std::nullopt);
  return sum(reshape(out, {count, k, width}), 1);
}

array Moe::operator()(const array& x) const {
  const array mixed = reshape(routed(flatten(x, 0, -2)), x.shape());
  if (!shared_) return mixed;
  const array common = (*shared_)(x);
  return add(mixed, shared_gate_ ? multiply(sigmoid((*shared_gate_)(x)), common) : common);
}

std::unique_ptr<const FeedForward> make_part(WeightReader& reader, const std::string& path,
                                             const MoeSpec& spec, int hidden_size) {
  return std::make_unique<Moe>(reader, path, spec, hidden_size);
}

}  // namespace quern::models
