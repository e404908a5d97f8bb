// Families whose routers are corrected while they choose, as published, in float64.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "tests/models/families/tiny_experts.h"

namespace quern::tests {
namespace {

using namespace reference;
using namespace tiny;

std::vector<double> sum_of(std::vector<double> a, const std::vector<double>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

std::vector<double> sigmoids(std::vector<double> logits) {
  for (double& value : logits) value = sigmoid(value);
  return logits;
}

/// The scores of all groups but the best `used`, each as good as its two best together, at
/// -infinity.
std::vector<double> within_groups(std::vector<double> scores, int groups, int used) {
  const size_t size = scores.size() / size_t(groups);
  std::vector<double> worth;
  for (size_t g = 0; g < size_t(groups); ++g) {
    std::vector<double> own(scores.begin() + long(g * size), scores.begin() + long((g + 1) * size));
    std::sort(own.begin(), own.end(), std::greater<>());
    worth.push_back(own[0] + own[1]);
  }
  const std::vector<int> open = best(worth, used);
  for (size_t e = 0; e < scores.size(); ++e) {
    if (std::find(open.begin(), open.end(), int(e / size)) == open.end()) scores[e] = -INFINITY;
  }
  return scores;
}

/// Tensors for layers with an MLP at first and experts afterwards.
TinyTensors dense_then(const TinyTensors& all, const TinyTensors& moe) {
  TinyTensors tensors = in_layers(3, "model.layers", all) + tiny_ends();
  for (int i = 0; i < 3; ++i) {
    for (TinyTensor tensor : i == 0 ? tiny_mlp("mlp", 24) : moe) {
      tensor.name = "model.layers." + std::to_string(i) + "." + tensor.name;
      tensors.push_back(tensor);
    }
  }
  return tensors;
}

TinyTensors corrected_moe() {
  return TinyTensors{{"mlp.gate.weight", {experts, hidden}},
                     {"mlp.gate.e_score_correction_bias", {experts}}} +
         tiny_experts("mlp.experts", 12, projections) + tiny_mlp("mlp.shared_experts", 24);
}

const TinyTensors head_norms = {{"self_attn.q_norm.weight", {head_dim}},
                                {"self_attn.k_norm.weight", {head_dim}}};

Matrix norm_heads(const Network& net, const std::string& layer, const Matrix& x, const char* name) {
  return rms_norm(x, net.model(layer + "self_attn." + name + ".weight"), 1e-5,
                  x.columns / head_dim);
}

/// An MLP in the first layer, then experts as DeepSeek-V3 has them beside two shared ones.
Matrix deepseek_feed(const Network& net, const Matrix& x, const std::string& layer, int i,
                     int groups, int groups_used, double scale) {
  if (i == 0) return net.mlp(x, layer + "mlp");
  const std::vector<double> correction =
      net.model(layer + "mlp.gate.e_score_correction_bias").values;
  const auto route = [&](const std::vector<double>& logits) {
    const std::vector<double> scores = sigmoids(logits);
    const auto choice = within_groups(sum_of(scores, correction), groups, groups_used);
    return route_to(best(choice, 2), scores, true, scale);
  };
  return experts_of(net, x, layer + "mlp", projections, route) +
         net.mlp(x, layer + "mlp.shared_experts");
}

TEST(CorrectedExperts, Glm4MoeTurnsHalfOfEachHead) {
  TinyTensors tensors =
      dense_then(tiny_attention() + tiny_query_key_value_biases() + head_norms, corrected_moe());
  tensors.push_back({"model.layers.3.eh_proj.weight", {hidden, 2 * hidden}});
  tensors.push_back({"model.layers.3.mlp.experts.0.gate_proj.weight", {12, hidden}});
  const TinyModel model(tiny_config("glm4_moe", {{"n_routed_experts", experts},
                                                 {"moe_intermediate_size", 12},
                                                 {"n_shared_experts", 2},
                                                 {"first_k_dense_replace", 1},
                                                 {"n_group", 3},
                                                 {"topk_group", 1},
                                                 {"routed_scaling_factor", 1.5},
                                                 {"attention_bias", true},
                                                 {"use_qk_norm", true},
                                                 {"partial_rotary_factor", 0.5}}),
                        tensors);
  Network net{model};
  net.attend = [&](const Matrix& x, const std::string& layer, int) {
    const auto norm = [&](const Matrix& all, const char* name) {
      return norm_heads(net, layer, all, name);
    };
    return attend(net, x, layer, norm, {}, false, head_dim / 2);
  };
  net.feed = [&](const Matrix& x, const std::string& layer, int i) {
    return deepseek_feed(net, x, layer, i, 3, 1, 1.5);
  };
  expect_as(net,
            {"model.layers.3.eh_proj.weight", "model.layers.3.mlp.experts.0.gate_proj.weight"});
}

TEST(CorrectedExperts, Dots1NormalisesHeads) {
  const TinyModel model(tiny_config("dots1", {{"n_routed_experts", experts},
                                              {"moe_intermediate_size", 12},
                                              {"n_shared_experts", 2},
                                              {"first_k_dense_replace", 1},
                                              {"norm_topk_prob", true},
                                              {"routed_scaling_factor", 2.5},
                                              {"max_window_layers", 1},
                                              {"sliding_window", 6}}),
                        dense_then(tiny_attention() + head_norms, corrected_moe()));
  Network net{model};
  net.attend = [&](const Matrix& x, const std::string& layer, int i) {
    const auto norm = [&](const Matrix& all, const char* name) {
      return norm_heads(net, layer, all, name);
    };
    AttentionOptions options;
    if (i >= 1) options.sees = within(6);
    return attend(net, x, layer, norm, options);
  };
  net.feed = [&](const Matrix& x, const std::string& layer, int i) {
    return deepseek_feed(net, x, layer, i, 1, 1, 2.5);
  };
  expect_as(net);
}

TEST(CorrectedExperts, MiniMaxNormalisesAllHeadsTogether) {
  const TinyTensors own = {{"self_attn.q_norm.weight", {hidden}},
                           {"self_attn.k_norm.weight", {key_heads * head_dim}},
                           {"block_sparse_moe.gate.weight", {experts, hidden}},
                           {"block_sparse_moe.e_score_correction_bias", {experts}}};
  const TinyModel model(
      tiny_config("minimax_m2", {{"num_local_experts", experts}, {"rotary_dim", 2}}),
      in_layers(3, "model.layers",
                tiny_attention() + own + tiny_experts("block_sparse_moe.experts", 24, numbered)) +
          tiny_ends());
  Network net{model};
  net.attend = [&](const Matrix& x, const std::string& layer, int) {
    const auto norm = [&](const Matrix& all, const char* name) {
      return rms_norm(all, model(layer + "self_attn." + name + ".weight"), 1e-5);
    };
    return attend(net, x, layer, norm, {}, false, 2);
  };
  net.feed = [&](const Matrix& x, const std::string& layer, int) {
    const auto& correction = model(layer + "block_sparse_moe.e_score_correction_bias").values;
    return experts_of(net, x, layer + "block_sparse_moe", numbered,
                      [&](const std::vector<double>& logits) {
                        const std::vector<double> scores = sigmoids(logits);
                        return route_to(best(sum_of(scores, correction), 2), scores, true);
                      });
  };
  expect_as(net);
}

TEST(CorrectedExperts, ErnieTurnsNeighboursAndHasBiases) {
  TinyTensors moe =
      TinyTensors{{"mlp.gate.weight", {experts, hidden}},
                  {"mlp.moe_statics.e_score_correction_bias", {1, experts}, -0.3, 0.3}} +
      tiny_experts("mlp.experts", 12, projections) + tiny_mlp("mlp.shared_experts", 24);
  const TinyModel model(tiny_config("ernie4_5_moe", {{"moe_num_experts", experts},
                                                     {"moe_k", 2},
                                                     {"moe_intermediate_size", 12},
                                                     {"moe_num_shared_experts", 2},
                                                     {"moe_layer_start_index", 1},
                                                     {"moe_layer_end_index", -1}}),
                        dense_then(tiny_attention(), moe));
  Network net{model};
  net.attend = [&](const Matrix& x, const std::string& layer, int) {
    return attend(net, x, layer, {}, {}, true);
  };
  net.feed = [&](const Matrix& x, const std::string& layer, int i) {
    if (i == 0) return net.mlp(x, layer + "mlp");
    const auto& correction = model(layer + "mlp.moe_statics.e_score_correction_bias").values;
    return net.mlp(x, layer + "mlp.shared_experts") +
           experts_of(net, x, layer + "mlp", projections, [&](const std::vector<double>& logits) {
             const std::vector<double> scores = softmax(logits);
             return route_to(best(sum_of(scores, correction), 2), scores, true);
           });
  };
  expect_as(net);
}

}  // namespace
}  // namespace quern::tests
