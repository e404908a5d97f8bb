#include "models/decoder/layer.h"

#include "engine/ops/arithmetic.h"
#include "models/decoder/attention.h"
#include "models/decoder/mlp.h"

namespace quern::models {

namespace {

std::unique_ptr<const TokenMixer> make(WeightReader& reader, const std::string& path,
                                       const AttentionSpec& spec, int hidden_size) {
  return std::make_unique<Attention>(reader, path, spec, hidden_size);
}

std::unique_ptr<const FeedForward> make(WeightReader& reader, const std::string& path,
                                        const MlpSpec& spec, int hidden_size) {
  return std::make_unique<Mlp>(reader, path, spec, hidden_size);
}

array normed(const std::optional<Norm>& norm, const array& x) { return norm ? (*norm)(x) : x; }

}  // namespace

Layer::Layer(WeightReader& reader, const std::string& path, const LayerSpec& spec, int hidden_size)
    : parallel_(spec.parallel), residual_scale_(spec.residual_scale) {
  const auto build = [&](const std::string& name) {
    return
        [&, name](const auto& part) { return make(reader, path + "." + name, part, hidden_size); };
  };
  mixer_ = std::visit(build(spec.mixer_name), spec.mixer);
  feed_forward_ = std::visit(build(spec.feed_forward_name), spec.feed_forward);
  const auto norm = [&](std::optional<Norm>& place, const std::optional<std::string>& name) {
    if (name) place.emplace(reader, path + "." + *name, spec.norm, hidden_size);
  };
  norm(mixer_pre_norm_, spec.mixer_pre_norm);
  norm(mixer_post_norm_, spec.mixer_post_norm);
  norm(feed_forward_pre_norm_, spec.feed_forward_pre_norm);
  norm(feed_forward_post_norm_, spec.feed_forward_post_norm);
}

array Layer::residual(const array& x, const array& change) const {
  if (residual_scale_ == 1.0f) return add(x, change);
  return add(x, multiply(change, array(residual_scale_, change.dtype())));
}

array Layer::operator()(const array& x, LayerCache& cache, AttentionMasks& masks) const {
  const array input = normed(mixer_pre_norm_, x);
  const array mixed = normed(mixer_post_norm_, (*mixer_)(input, cache, masks));
  const auto fed_forward = [&](const array& from) {
    return normed(feed_forward_post_norm_, (*feed_forward_)(from));
  };
  if (parallel_) {
    const array other = feed_forward_pre_norm_ ? (*feed_forward_pre_norm_)(x) : input;
    return residual(x, add(mixed, fed_forward(other)));
  }
  const array between = residual(x, mixed);
  return residual(between, fed_forward(normed(feed_forward_pre_norm_, between)));
}

}  // namespace quern::models
