#pragma once

#include <memory>
#include <optional>
#include <string>

#include "models/decoder/feed_forward.h"
#include "models/decoder/mlp.h"
#include "models/decoder/moe_spec.h"
#include "models/decoder/router.h"
#include "models/weights/expert_matrix.h"

namespace quern::models {

/// The MLPs among which a router chooses.
class Experts {
 public:
  Experts(WeightReader& reader, const std::string& path, const MlpSpec& spec, int num_experts,
          int hidden_size);

  /// Expert experts[i] of x[i], or with `rows` of x[rows[i]]. x: [N, hidden_size]; experts and
  /// rows: [M] -> [M, hidden_size], in x's dtype.
  array operator()(const array& x, const array& experts, const std::optional<array>& rows) const;

  /// The weighted sum of what each token's experts make of it. tokens: [N, hidden_size] -> the same
  /// shape and dtype.
  array mixed(const array& tokens, const Routes& routes) const;

 private:
  Activation activation_;
  std::optional<ExpertMatrix> gate_;
  ExpertMatrix up_, down_;
};

/// A mixture of experts.
class Moe final : public FeedForward {
 public:
  Moe(WeightReader& reader, const std::string& path, const MoeSpec& spec, int hidden_size);

  array operator()(const array& x) const override;

 private:
  array routed(const array& tokens) const;

  bool weighs_input_;
  Router router_;
  Experts experts_;
  std::optional<Linear> into_latent_, from_latent_;
  std::optional<Mlp> shared_;
  std::optional<Linear> shared_gate_;
};

std::unique_ptr<const FeedForward> make_part(WeightReader& reader, const std::string& path,
                                             const MoeSpec& spec, int hidden_size);

}  // namespace quern::models
