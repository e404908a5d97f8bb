// Families with recurrent layers and attention, against float64.

#include <gtest/gtest.h>

#include "tests/models/families/recurrent_reference.h"
#include "tests/models/families/sparse_reference.h"
#include "tests/models/families/tiny_hybrid.h"

namespace quern::tests {
namespace {

using namespace reference;
using namespace tiny_hybrid;

/// 4 heads of 6 in 2 groups, states of 5.
constexpr Mamba2Sizes mamba2_sizes{4, 6, 2, 5};

TinyTensors mamba2_of(const std::string& path) {
  return {{path + ".in_proj.weight", {24 + 44 + 4, hidden}},
          {path + ".conv1d.weight", {44, 1, 4}},
          {path + ".conv1d.bias", {44}},
          {path + ".A_log", {4}, 0.0, 2.0},
          {path + ".dt_bias", {4}, -4.0, 1.0},
          {path + ".D", {4}},
          {path + ".norm.weight", {24}},
          {path + ".out_proj.weight", {hidden, 24}}};
}

const nlohmann::json mamba2_keys = {
    {"mamba_n_heads", 4}, {"mamba_d_head", 6}, {"mamba_n_groups", 2},    {"mamba_d_state", 5},
    {"mamba_d_conv", 4},  {"mamba_expand", 2}, {"mamba_conv_bias", true}};

class Hybrid {
 public:
  explicit Hybrid(const TinyModel& model, const std::string& layers = "model.layers")
      : model_(model), layers_(layers) {}

  Matrix normed(const Matrix& x, const std::string& path) const {
    return rms_norm(x, model_(path + ".weight"), eps);
  }
  Matrix mamba2_layer(const Matrix& x, const std::string& path) const {
    const auto gated = [&](const Matrix& y, const Matrix& gate) {
      return rms_norm(open(y, gate), model_(path + ".norm.weight"), eps, 2);
    };
    return mamba2(model_, path, x, mamba2_sizes, gated);
  }
  static Matrix turn(const Matrix& y, int heads, bool) {
    return rope(y, heads, rope_periods(500, 4));
  }

 private:
  const TinyModel& model_;
  std::string layers_;
};

void expect_falcon_h1(bool tied) {
  const std::vector<double> parts = {0.5, 0.75, 1.25, 1.5, 0.8};
  nlohmann::json own = mamba2_keys;
  own.update({{"tie_word_embeddings", tied},
              {"mamba_d_ssm", 24},
              {"mamba_rms_norm", true},
              {"mamba_norm_before_gate", true},
              {"embedding_multiplier", 2.0},
              {"lm_head_multiplier", 0.4},
              {"key_multiplier", 0.7},
              {"attention_in_multiplier", 1.3},
              {"attention_out_multiplier", 0.9},
              {"ssm_in_multiplier", 1.2},
              {"ssm_out_multiplier", 0.6},
              {"mlp_multipliers", {0.8, 0.5}},
              {"ssm_multipliers", parts}});
  const TinyTensors head = {{"lm_head.weight", {vocab, hidden}}};
  const TinyModel model(config_of("falcon_h1", 2, own),
                        TinyTensors{{"model.embed_tokens.weight", {vocab, hidden}},
                                    {"model.final_layernorm.weight", {hidden}}} +
                            (tied ? TinyTensors{} : head) +
                            in_layers(2, "model.layers",
                                      TinyTensors{{"input_layernorm.weight", {hidden}},
                                                  {"pre_ff_layernorm.weight", {hidden}}} +
                                          mamba2_of("mamba") + attention_of("self_attn") +
                                          mlp_of("feed_forward", 24)));
  std::vector<double> factors;
  size_t part = 0;
  for (const int size : {24, 24, 10, 10, 4})
    factors.insert(factors.end(), size_t(size), parts[part++]);
  const auto tokens = model.tokens(many);
  Matrix x = embed(model("model.embed_tokens.weight"), tokens) * 2.0;
  for (int i = 0; i < 2; ++i) {
    const std::string at = "model.layers." + std::to_string(i) + ".";
    const Matrix input = rms_norm(x, model(at + "input_layernorm.weight"), eps);
    const auto gated = [&](const Matrix& y, const Matrix& gate) {
      return open(rms_norm(y, model(at + "mamba.norm.weight"), eps, 2), gate);
    };
    const auto turn = [](const Matrix& y, int heads, bool query) {
      return rope(y * (query ? 1.0 : 0.7), heads, rope_periods(500, 4));
    };
    x = x + mamba2(model, at + "mamba", input * 1.2, mamba2_sizes, gated, factors) * 0.6 +
        attend(model, at + "self_attn", input * 1.3, {4, 2, 4}, turn) * 0.9;
    const Matrix middle = rms_norm(x, model(at + "pre_ff_layernorm.weight"), eps);
    const Matrix gate = project(model, at + "feed_forward.gate_proj", middle) * 0.8;
    x = x + project(model, at + "feed_forward.down_proj",
                    open(project(model, at + "feed_forward.up_proj", middle), gate)) *
                0.5;
  }
  const Matrix last = rms_norm(x, model("model.final_layernorm.weight"), eps);
  expect_near(model.logits(tokens),
              linear(last, model(tied ? "model.embed_tokens.weight" : "lm_head.weight")) * 0.4);
  expect_sound(model);
}

TEST(HybridFamilies, FalconH1) { expect_falcon_h1(false); }

TEST(HybridFamilies, FalconH1WithTiedHead) { expect_falcon_h1(true); }

TEST(HybridFamilies, Jamba) {
  const TinyTensors norms = {{"input_layernorm.weight", {hidden}},
                             {"pre_ff_layernorm.weight", {hidden}}};
  const TinyTensors mamba_tensors = {{"mamba.in_proj.weight", {64, hidden}},
                                     {"mamba.conv1d.weight", {32, 1, 4}},
                                     {"mamba.conv1d.bias", {32}},
                                     {"mamba.x_proj.weight", {1 + 2 * 5, 32}},
                                     {"mamba.dt_proj.weight", {32, 1}},
                                     {"mamba.dt_proj.bias", {32}, -3.0, -1.0},
                                     {"mamba.A_log", {32, 5}, 0.0, 1.6},
                                     {"mamba.D", {32}},
                                     {"mamba.out_proj.weight", {hidden, 32}},
                                     {"mamba.dt_layernorm.weight", {1}},
                                     {"mamba.b_layernorm.weight", {5}},
                                     {"mamba.c_layernorm.weight", {5}}};
  const TinyTensors experts = in_layers(4, "feed_forward.experts",
                                        {{"gate_proj.weight", {24, hidden}},
                                         {"up_proj.weight", {24, hidden}},
                                         {"down_proj.weight", {hidden, 24}}}) +
                              TinyTensors{{"feed_forward.router.weight", {4, hidden}}};
  const TinyModel model(
      config_of("jamba", 3,
                {{"attn_layer_period", 3},
                 {"attn_layer_offset", 2},
                 {"expert_layer_period", 3},
                 {"expert_layer_offset", 1},
                 {"num_experts", 4},
                 {"num_experts_per_tok", 2},
                 {"mamba_d_conv", 4},
                 {"mamba_d_state", 5},
                 {"mamba_expand", 2},
                 {"mamba_dt_rank", "auto"}}),
      TinyTensors{{"model.embed_tokens.weight", {vocab, hidden}},
                  {"model.final_layernorm.weight", {hidden}},
                  {"lm_head.weight", {vocab, hidden}}} +
          at_layer(0, norms + mamba_tensors + mlp_of("feed_forward", 24)) +
          at_layer(1, norms + mamba_tensors + experts) +
          at_layer(2, norms + attention_of("self_attn") + mlp_of("feed_forward", 24)));
  const Hybrid hybrid(model);
  const auto mixed = [&](const Matrix& x, const std::string& at, int i) {
    const Matrix input = hybrid.normed(x, at + "input_layernorm");
    if (i == 2) return attend(model, at + "self_attn", input, {4, 2, 4});
    const auto norms = [&](const Matrix& y, const std::string& which) {
      return hybrid.normed(y, at + "mamba." + which + "_layernorm");
    };
    return mamba(model, at + "mamba", input, {32, 5, 1}, norms);
  };
  const auto fed = [&](const Matrix& x, const std::string& at, int i) {
    const Matrix input = hybrid.normed(x, at + "pre_ff_layernorm");
    if (i != 1) return mlp(model, at + "feed_forward", input);
    const auto route = [](const std::vector<double>& logits) {
      return softmax_route(logits, 2, false);
    };
    return mixture(input, project(model, at + "feed_forward.router", input), route,
                   [&](const Matrix& token, int e) {
                     return mlp(model, at + "feed_forward.experts." + std::to_string(e), token);
                   });
  };
  const auto tokens = model.tokens(20);
  expect_near(model.logits(tokens),
              decode(model, tokens, {.norm = "model.final_layernorm"}, {mixed, fed}, eps));
  expect_sound(model);
}

TEST(HybridFamilies, NemotronH) {
  nlohmann::json own = {{"layer_norm_epsilon", eps},
                        {"hybrid_override_pattern", "M-*EM"},
                        {"mamba_num_heads", 4},
                        {"mamba_head_dim", 6},
                        {"n_groups", 2},
                        {"ssm_state_size", 5},
                        {"conv_kernel", 4},
                        {"use_conv_bias", true},
                        {"mamba_proj_bias", false},
                        {"mlp_hidden_act", "relu2"},
                        {"n_routed_experts", 6},
                        {"num_experts_per_tok", 2},
                        {"n_group", 3},
                        {"topk_group", 2},
                        {"norm_topk_prob", true},
                        {"routed_scaling_factor", 2.5},
                        {"moe_intermediate_size", 12},
                        {"moe_latent_size", 10},
                        {"n_shared_experts", 1},
                        {"moe_shared_expert_intermediate_size", 20}};
  nlohmann::json config = config_of("nemotron_h", 5, own);
  config.erase("num_hidden_layers");
  const TinyTensors norm = {{"norm.weight", {hidden}}};
  const TinyTensors experts =
      in_layers(6, "mixer.experts",
                {{"up_proj.weight", {12, 10}}, {"down_proj.weight", {10, 12}}}) +
      TinyTensors{{"mixer.gate.weight", {6, hidden}},
                  {"mixer.gate.e_score_correction_bias", {6}, -0.4, 0.4},
                  {"mixer.fc1_latent_proj.weight", {10, hidden}},
                  {"mixer.fc2_latent_proj.weight", {hidden, 10}},
                  {"mixer.shared_experts.up_proj.weight", {20, hidden}},
                  {"mixer.shared_experts.down_proj.weight", {hidden, 20}}};
  const std::string layers = "backbone.layers";
  const TinyModel model(config,
                        TinyTensors{{"backbone.embeddings.weight", {vocab, hidden}},
                                    {"backbone.norm_f.weight", {hidden}},
                                    {"lm_head.weight", {vocab, hidden}}} +
                            at_layer(0, norm + mamba2_of("mixer"), layers) +
                            at_layer(1,
                                     norm + TinyTensors{{"mixer.up_proj.weight", {24, hidden}},
                                                        {"mixer.down_proj.weight", {hidden, 24}}},
                                     layers) +
                            at_layer(2, norm + attention_of("mixer"), layers) +
                            at_layer(3, norm + experts, layers) +
                            at_layer(4, norm + mamba2_of("mixer"), layers));
  const Hybrid hybrid(model);
  const auto squared = [&](const Matrix& x, const std::string& path) {
    return project(model, path + ".down_proj",
                   map(project(model, path + ".up_proj", x), relu_squared));
  };
  const auto sparse = [&](const Matrix& x, const std::string& at) {
    const auto route = [&](const std::vector<double>& logits) {
      std::vector<double> scores, corrected;
      for (size_t e = 0; e < 6; ++e) {
        scores.push_back(sigmoid(logits[e]));
        corrected.push_back(scores[e] + model(at + ".gate.e_score_correction_bias")(0, int(e)));
      }
      // Groups of two, which count as their sum: all but the worst of the three may be used.
      std::vector<double> groups;
      for (size_t g = 0; g < 3; ++g) groups.push_back(-corrected[2 * g] - corrected[2 * g + 1]);
      const auto worst = size_t(best(groups, 1)[0]);
      corrected[2 * worst] = corrected[2 * worst + 1] = -1e9;
      return route_to(best(corrected, 2), scores, true, 2.5);
    };
    const Matrix latent = project(model, at + ".fc1_latent_proj", x);
    const Matrix routed =
        mixture(latent, project(model, at + ".gate", x), route, [&](const Matrix& token, int e) {
          return squared(token, at + ".experts." + std::to_string(e));
        });
    return project(model, at + ".fc2_latent_proj", routed) + squared(x, at + ".shared_experts");
  };
  const auto half = [&](const Matrix& x, const std::string& at, int i) {
    const Matrix input = hybrid.normed(x, at + "norm");
    if (i == 1) return squared(input, at + "mixer");
    if (i == 2) return attend(model, at + "mixer", input, {4, 2, 4});
    return i == 3 ? sparse(input, at + "mixer") : hybrid.mamba2_layer(input, at + "mixer");
  };
  const auto tokens = model.tokens(20);
  expect_near(
      model.logits(tokens),
      decode(model, tokens, {"backbone.embeddings", layers, "backbone.norm_f"}, {half}, eps));
  expect_sound(model);
}

/// Granite 4, with experts or without; only the second layer attends.
class Granite4 {
 public:
  Granite4(const nlohmann::json& own, const TinyTensors& feed)
      : model(config_of("granitemoehybrid", 2, keys(own)),
              TinyTensors{{"model.embed_tokens.weight", {vocab, hidden}},
                          {"model.norm.weight", {hidden}},
                          {"lm_head.weight", {vocab, hidden}}} +
                  at_layer(0, norms() + mamba2_of("mamba") + feed) +
                  at_layer(1, norms() + attention_of("self_attn") + feed)) {}

  Matrix logits(const std::vector<int32_t>& tokens, bool sees_positions, const Change& feed) const {
    const Hybrid hybrid(model);
    Matrix x = embed(model("model.embed_tokens.weight"), tokens) * 3.0;
    for (int i = 0; i < 2; ++i) {
      const std::string at = "model.layers." + std::to_string(i) + ".";
      const Matrix input = hybrid.normed(x, at + "input_layernorm");
      std::function<Matrix(const Matrix&, int, bool)> turn;
      if (sees_positions) turn = Hybrid::turn;
      x = x + (i == 0 ? hybrid.mamba2_layer(input, at + "mamba")
                      : attend(model, at + "self_attn", input, {4, 2, 4}, turn, 0.3)) *
                  0.5;
      x = x + feed(hybrid.normed(x, at + "post_attention_layernorm"), at, i) * 0.5;
    }
    return linear(hybrid.normed(x, "model.norm"), model("lm_head.weight")) * (1 / 4.0);
  }

  /// The shared MLP, gate and up in one.
  Matrix shared(const Matrix& x, const std::string& at) const {
    const Matrix both = project(model, at + "shared_mlp.input_linear", x);
    const int size = both.columns / 2;
    return project(model, at + "shared_mlp.output_linear",
                   open(columns(both, size, 2 * size), columns(both, 0, size)));
  }

  TinyModel model;

 private:
  static nlohmann::json keys(const nlohmann::json& own) {
    nlohmann::json all = mamba2_keys;
    all.update({{"layer_types", {"mamba", "attention"}},
                {"embedding_multiplier", 3.0},
                {"attention_multiplier", 0.3},
                {"residual_multiplier", 0.5},
                {"logits_scaling", 4.0},
                {"shared_intermediate_size", 20}});
    all.update(own);
    return all;
  }
  static TinyTensors norms() {
    return {{"input_layernorm.weight", {hidden}}, {"post_attention_layernorm.weight", {hidden}}};
  }
};

const TinyTensors shared_mlp = {{"shared_mlp.input_linear.weight", {40, hidden}},
                                {"shared_mlp.output_linear.weight", {hidden, 20}}};

TEST(HybridFamilies, GraniteMoeHybrid) {
  const Granite4 granite(
      {{"num_local_experts", 4}, {"num_experts_per_tok", 2}, {"position_embedding_type", "nope"}},
      shared_mlp + TinyTensors{{"block_sparse_moe.router.layer.weight", {4, hidden}},
                               {"block_sparse_moe.input_linear.weight", {4, 48, hidden}},
                               {"block_sparse_moe.output_linear.weight", {4, hidden, 24}}});
  const TinyModel& model = granite.model;
  const auto feed = [&](const Matrix& x, const std::string& at, int) {
    const std::string moe = at + "block_sparse_moe.";
    const auto route = [](const std::vector<double>& logits) {
      return softmax_route(logits, 2, true);
    };
    const auto expert = [&](const Matrix& token, int e) {
      const Matrix& both = model(moe + "input_linear.weight");
      const Matrix& down = model(moe + "output_linear.weight");
      return swiglu(token, rows(both, 48 * e, 48 * e + 24), rows(both, 48 * e + 24, 48 * e + 48),
                    rows(down, hidden * e, hidden * e + hidden));
    };
    return mixture(x, project(model, moe + "router.layer", x), route, expert) +
           granite.shared(x, at);
  };
  const auto tokens = model.tokens(20);
  expect_near(model.logits(tokens), granite.logits(tokens, false, feed));
  expect_sound(model);
}

TEST(HybridFamilies, GraniteHybridWithoutExperts) {
  const Granite4 granite({{"num_local_experts", 0}, {"position_embedding_type", "rope"}},
                         shared_mlp);
  const auto feed = [&](const Matrix& x, const std::string& at, int) {
    return granite.shared(x, at);
  };
  const auto tokens = granite.model.tokens(20);
  expect_near(granite.model.logits(tokens), granite.logits(tokens, true, feed));
  expect_sound(granite.model);
}

}  // namespace
}  // namespace quern::tests
