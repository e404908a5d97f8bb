#include "models/decoder/layer.h"

#include <numbers>
#include <type_traits>
#include <variant>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/unary.h"
#include "models/decoder/attention.h"
#include "models/decoder/dense_and_moe.h"
#include "models/decoder/gated_delta.h"
#include "models/decoder/mamba.h"
#include "models/decoder/mamba2.h"
#include "models/decoder/mla.h"
#include "models/decoder/mlp.h"
#include "models/decoder/moe.h"
#include "models/decoder/short_conv.h"
#include "models/decoder/side_by_side.h"

namespace quern::models {

namespace {

/// What a spec's variant describes; nullptr for std::monostate. Every kind of part has its
/// make_part.
template <typename Part, typename... Specs>
std::unique_ptr<const Part> make(WeightReader& reader, const std::string& path,
                                 const std::variant<std::monostate, Specs...>& spec,
                                 int hidden_size) {
  return std::visit(
      [&](const auto& given) -> std::unique_ptr<const Part> {
        if constexpr (std::is_same_v<std::decay_t<decltype(given)>, std::monostate>)
          return nullptr;
        else
          return make_part(reader, path, given, hidden_size);
      },
      spec);
}

/// The path of a layer's module; one without a name is the layer itself.
std::string path_of(const std::string& layer, const std::string& module) {
  return module.empty() ? layer : layer + "." + module;
}

array normed(const std::optional<Norm>& norm, const array& x) { return norm ? (*norm)(x) : x; }

}  // namespace

Layer::Layer(WeightReader& reader, const std::string& path, const LayerSpec& spec, int hidden_size)
    : mixer_(make<TokenMixer>(reader, path_of(path, spec.mixer_name), spec.mixer, hidden_size)),
      feed_forward_(make<FeedForward>(reader, path_of(path, spec.feed_forward_name),
                                      spec.feed_forward, hidden_size)),
      parallel_(spec.parallel),
      residual_scale_(spec.residual_scale),
      clips_residual_(spec.clips_residual) {
  const auto norm = [&](std::optional<Norm>& place, const std::optional<std::string>& name) {
    if (name) place.emplace(reader, path + "." + *name, spec.norm, hidden_size);
  };
  if (mixer_) {
    norm(mixer_pre_norm_, spec.mixer_pre_norm);
    norm(mixer_post_norm_, spec.mixer_post_norm);
  }
  if (feed_forward_) {
    norm(feed_forward_pre_norm_, spec.feed_forward_pre_norm);
    norm(feed_forward_post_norm_, spec.feed_forward_post_norm);
  }
  if (spec.altup) altup_.emplace(reader, path + ".altup", *spec.altup, hidden_size);
  if (spec.laurel_rank) {
    laurel_.emplace(reader, path + ".laurel", *spec.laurel_rank, spec.norm, hidden_size);
  }
  if (spec.own_input) own_input_.emplace(reader, path, *spec.own_input, hidden_size);
  if (spec.output_scale_name) {
    output_scale_ = reader.take(path + "." + *spec.output_scale_name, {1});
  }
}

array Layer::residual(const array& x, const array& change) const {
  if (clips_residual_ && x.dtype() == float16) {
    const array most(65504.0f);
    const array sum = add(astype(x, float32), astype(change, float32));
    return astype(clip(sum, negative(most), most), float16);
  }
  if (residual_scale_ == 1.0f) return add(x, change);
  return add(x, multiply(change, array(residual_scale_, change.dtype())));
}

array Layer::operator()(const array& x, Step& step) const {
  if (altup_) return run_streams(x, step);
  array out = run_parts(x, step);
  if (own_input_) out = add(out, (*own_input_)(out, step.layer_inputs[size_t(step.layer)]));
  return output_scale_ ? multiply(out, *output_scale_) : out;
}

array Layer::run_streams(const array& x, Step& step) const {
  const array predicted = altup_->predict(x);
  const array corrected = altup_->correct(predicted, run_parts(altup_->active(predicted), step));
  if (!own_input_) return corrected;
  const array& own = step.layer_inputs[size_t(step.layer)];
  return altup_->add_to_others(corrected, (*own_input_)(altup_->output(corrected), own));
}

array Layer::run_parts(const array& x, Step& step) const {
  const auto fed_forward = [&](const array& from) {
    return normed(feed_forward_post_norm_, (*feed_forward_)(from));
  };
  if (!mixer_) return residual(x, fed_forward(normed(feed_forward_pre_norm_, x)));
  const array input = normed(mixer_pre_norm_, x);
  const array mixed = normed(mixer_post_norm_, (*mixer_)(input, step));
  if (!feed_forward_) return residual(x, mixed);
  if (parallel_) {
    const array other = feed_forward_pre_norm_ ? (*feed_forward_pre_norm_)(x) : input;
    return residual(x, add(mixed, fed_forward(other)));
  }
  array between = residual(x, mixed);
  if (laurel_) {
    between = multiply(add(between, (*laurel_)(input)),
                       array(float(1 / std::numbers::sqrt2), between.dtype()));
  }
  return residual(between, fed_forward(normed(feed_forward_pre_norm_, between)));
}

}  // namespace quern::models
