#include "models/families/experts.h"

#include <fmt/format.h>

#include "engine/ops/shape.h"
#include "models/error.h"
#include "models/families/common.h"

namespace quern::models {

namespace {

constexpr Range<int> counts = {1, 1 << 14};
constexpr Range<int> sizes = {1, 1 << 24};

}  // namespace

MoeSpec common_moe(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  MoeSpec moe;
  moe.router.num_experts = reader.integer("num_experts", counts);
  moe.router.experts_per_token = reader.integer("num_experts_per_tok", counts);
  if (moe.router.experts_per_token > moe.router.num_experts) {
    reader.fail("num_experts_per_tok",
                fmt::format("is {}, more than the {} experts there are",
                            moe.router.experts_per_token, moe.router.num_experts));
  }
  int size = reader.integer("moe_intermediate_size", sizes, config.intermediate_size);
  if (size == 0) reader.fail("intermediate_size", "is missing");
  moe.expert = {.intermediate_size = size,
                .activation = read_activation(config, "hidden_act", "silu")};
  return moe;
}

void route_by_sigmoid(const ModelConfig& config, RouterSpec& router) {
  const ConfigReader reader = config.reader();
  router.scores = RouterSpec::Scores::sigmoid;
  router.correction = router.name + ".e_score_correction_bias";
  router.normalised = reader.boolean("norm_topk_prob", true);
  router.scale = reader.number("routed_scaling_factor", {1e-6f, 1e6f}, 1.0f);
  router.groups = reader.integer("n_group", counts, 1);
  router.groups_per_token = reader.integer("topk_group", counts, 1);
}

void share_experts(MoeSpec& moe, int count) {
  if (count == 0) return;
  moe.shared = moe.expert;
  moe.shared->intermediate_size *= count;
}

std::vector<int> layers_after_dense(const ModelConfig& config) {
  const ConfigReader reader = config.reader();
  const int step = reader.integer("moe_layer_freq", counts, 1);
  std::vector<int> layers;
  for (int i = reader.integer("first_k_dense_replace", {0, 1 << 14}, 0);
       i < config.num_hidden_layers; ++i) {
    if (i % step == 0) layers.push_back(i);
  }
  return layers;
}

WeightRule stacks_expert_mlps(const std::string& module, const std::string& stacked) {
  return stacks_experts(
      module + ".experts", module + "." + stacked,
      {{"gate_proj", "gate_proj"}, {"up_proj", "up_proj"}, {"down_proj", "down_proj"}});
}

WeightRule transposes_experts(const std::string& name) {
  const auto swap = [name](const array& x) {
    if (x.ndim() == 3) return swapaxes(x, 1, 2);
    throw ModelError(fmt::format("[weights] {} has the shape {} instead of one matrix per expert",
                                 name, to_string(x.shape())),
                     "The download is damaged or incomplete: download it again.");
  };
  return changes(name, swap, swap);
}

WeightRule stacks_numbered_experts(const std::string& module) {
  return stacks_experts(module + ".experts", module + ".switch_mlp",
                        {{"w1", "gate_proj"}, {"w3", "up_proj"}, {"w2", "down_proj"}});
}

}  // namespace quern::models
