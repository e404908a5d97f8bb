#include "models/decoder/router.h"

#include <fmt/format.h>

#include <limits>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/indexing.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/sort.h"
#include "engine/ops/unary.h"
#include "models/error.h"

namespace quern::models {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// Numbers of the k best of each row, best first.
array best(const array& scores, int k) {
  const array order = argsort(negative(scores), -1);
  return slice(order, {0, 0}, {scores.shape(0), k});
}

/// The scores [N, E] with those of the groups that a token does not use at -infinity.
array within_best_groups(const array& scores, const RouterSpec& spec) {
  const int tokens = scores.shape(0), size = spec.num_experts / spec.groups;
  const array grouped = reshape(scores, {tokens, spec.groups, size});
  const array group_scores = spec.group_score == RouterSpec::GroupScore::best || size == 1
                                 ? max(grouped, -1)
                                 : sum(topk(grouped, 2, -1), -1);
  const array used = best(group_scores, spec.groups_per_token);
  const array closed =
      put_along_axis(full({tokens, spec.groups}, array(-infinity)), used, array(0.0f), -1);
  return reshape(add(grouped, expand_dims(closed, -1)), scores.shape());
}

const RouterSpec& checked(const RouterSpec& spec) {
  const bool right =
      spec.num_experts > 0 && spec.experts_per_token > 0 && spec.groups > 0 &&
      spec.num_experts % spec.groups == 0 && spec.groups_per_token > 0 &&
      spec.groups_per_token <= spec.groups &&
      spec.experts_per_token <= spec.num_experts / spec.groups * spec.groups_per_token;
  if (right) return spec;
  throw ModelError(
      fmt::format("[config] {} experts per token cannot be chosen among {} experts in {} groups, "
                  "{} of them at a time",
                  spec.experts_per_token, spec.num_experts, spec.groups, spec.groups_per_token),
      "Compare config.json with the one the model was published with.");
}

}  // namespace

Router::Router(WeightReader& reader, const std::string& path, const RouterSpec& spec,
               int hidden_size)
    : spec_(checked(spec)),
      weight_(WeightMatrix::load(reader, path + "." + spec.name, spec.num_experts, hidden_size,
                                 float32)) {
  const Shape shape = {spec.num_experts};
  if (spec.bias) bias_ = reader.take(path + "." + spec.name + ".bias", shape, float32);
  if (!spec.correction) return;
  const std::string correction = path + "." + *spec.correction;
  if (spec.correction_needed || reader.has(correction)) {
    correction_ = reader.take(correction, shape, float32);
  }
}

Routes Router::operator()(const array& x) const {
  const array input = astype(x, float32);
  const array logits = bias_ ? weight_.project(input, *bias_) : weight_.project(input);
  switch (spec_.scores) {
    case RouterSpec::Scores::softmax:
      return choose_by(softmax(logits, -1));
    case RouterSpec::Scores::sigmoid:
      return choose_by(sigmoid(logits));
    case RouterSpec::Scores::sparse_mixer:
      return sparse_mixer(logits, spec_.experts_per_token, spec_.tie_width);
  }
  __builtin_unreachable();
}

Routes Router::choose_by(const array& scores) const {
  array choice = correction_ ? add(scores, *correction_) : scores;
  if (spec_.groups_per_token < spec_.groups) choice = within_best_groups(choice, spec_);
  const array experts = best(stop_gradient(choice), spec_.experts_per_token);
  array weights = take_along_axis(scores, experts, -1);
  if (spec_.normalised) {
    weights = divide(weights, add(sum(weights, -1, true), array(1e-20f)));
  }
  if (spec_.scale != 1.0f) weights = multiply(weights, array(spec_.scale));
  return {experts, weights};
}

Routes sparse_mixer(const array& logits, int experts_per_token, float tie_width) {
  array left = logits;
  std::vector<array> experts, weights;
  for (int i = 0; i < experts_per_token; ++i) {
    const array expert = best(stop_gradient(left), 1);
    const array top = take_along_axis(left, expert, -1);
    const array distance = divide(subtract(top, logits), maximum(abs(logits), top));
    const array near = where(greater(distance, array(2 * tie_width)), array(-infinity), left);
    experts.push_back(expert);
    weights.push_back(take_along_axis(softmax(near, -1), expert, -1));
    left = put_along_axis(left, expert, array(-infinity), -1);
  }
  return {concatenate(experts, -1), concatenate(weights, -1)};
}

}  // namespace quern::models
