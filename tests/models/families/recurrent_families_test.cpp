// Families of recurrent layers alone, and LFM2, against float64.

#include <gtest/gtest.h>

#include "tests/models/families/recurrent_reference.h"
#include "tests/models/families/sparse_reference.h"

namespace quern::tests {
namespace {

using namespace reference;

constexpr int hidden = 16, vocab = 32;
constexpr double eps = 1e-5;

/// Tokens of more than one chunk.
constexpr int many = 75;

TEST(RecurrentFamilies, Lfm2Moe) {
  const TinyTensors norms = {{"operator_norm.weight", {hidden}}, {"ffn_norm.weight", {hidden}}};
  const TinyTensors conv = {{"conv.in_proj.weight", {3 * hidden, hidden}},
                            {"conv.conv.weight", {hidden, 1, 3}},
                            {"conv.out_proj.weight", {hidden, hidden}}};
  const TinyTensors attention = {
      {"self_attn.q_proj.weight", {16, hidden}}, {"self_attn.k_proj.weight", {8, hidden}},
      {"self_attn.v_proj.weight", {8, hidden}},  {"self_attn.out_proj.weight", {hidden, 16}},
      {"self_attn.q_layernorm.weight", {4}},     {"self_attn.k_layernorm.weight", {4}}};
  const TinyTensors dense = {{"feed_forward.w1.weight", {24, hidden}},
                             {"feed_forward.w3.weight", {24, hidden}},
                             {"feed_forward.w2.weight", {hidden, 24}}};
  const TinyTensors experts =
      in_layers(
          4, "feed_forward.experts",
          {{"w1.weight", {8, hidden}}, {"w3.weight", {8, hidden}}, {"w2.weight", {hidden, 8}}}) +
      TinyTensors{{"feed_forward.gate.weight", {4, hidden}},
                  {"feed_forward.expert_bias", {4}, -0.5, 0.5}};
  const auto layer = [](int i, const TinyTensors& tensors) {
    TinyTensors out;
    for (TinyTensor tensor : tensors) {
      tensor.name = "model.layers." + std::to_string(i) + "." + tensor.name;
      out.push_back(tensor);
    }
    return out;
  };
  const TinyModel model({{"model_type", "lfm2_moe"},
                         {"hidden_size", hidden},
                         {"vocab_size", vocab},
                         {"intermediate_size", 24},
                         {"moe_intermediate_size", 8},
                         {"num_hidden_layers", 3},
                         {"num_attention_heads", 4},
                         {"num_key_value_heads", 2},
                         {"num_dense_layers", 1},
                         {"num_experts", 4},
                         {"num_experts_per_tok", 2},
                         {"norm_topk_prob", true},
                         {"routed_scaling_factor", 1.5},
                         {"use_expert_bias", true},
                         {"conv_L_cache", 3},
                         {"conv_bias", false},
                         {"norm_eps", eps},
                         {"layer_types", {"conv", "full_attention", "conv"}}},
                        TinyTensors{{"model.embed_tokens.weight", {vocab, hidden}},
                                    {"model.embedding_norm.weight", {hidden}}} +
                            layer(0, norms + conv + dense) + layer(1, norms + attention + experts) +
                            layer(2, norms + conv + experts));
  const auto mixed = [&](const Matrix& x, const std::string& at, int i) {
    const Matrix normed = rms_norm(x, model(at + "operator_norm.weight"), eps);
    if (i != 1) return short_conv(model, at + "conv", normed);
    // theta: the published default.
    const auto turn = [&](const Matrix& y, int heads, bool query) {
      const std::string norm = at + "self_attn." + (query ? "q" : "k") + "_layernorm.weight";
      return rope(rms_norm(y, model(norm), eps, heads), heads, rope_periods(1e6, 4));
    };
    return attend(model, at + "self_attn", normed, {4, 2, 4}, turn, 0, "out_proj");
  };
  const auto fed = [&](const Matrix& x, const std::string& at, int i) {
    const Matrix normed = rms_norm(x, model(at + "ffn_norm.weight"), eps);
    const auto through = [&](const Matrix& y, const std::string& path) {
      return swiglu(y, model(path + "w1.weight"), model(path + "w3.weight"),
                    model(path + "w2.weight"));
    };
    if (i == 0) return through(normed, at + "feed_forward.");
    const auto route = [&](const std::vector<double>& logits) {
      std::vector<double> scores, corrected;
      for (size_t e = 0; e < logits.size(); ++e) {
        scores.push_back(sigmoid(logits[e]));
        corrected.push_back(scores[e] + model(at + "feed_forward.expert_bias")(0, int(e)));
      }
      return route_to(best(corrected, 2), scores, true, 1.5);
    };
    return mixture(normed, linear(normed, model(at + "feed_forward.gate.weight")), route,
                   [&](const Matrix& token, int e) {
                     return through(token, at + "feed_forward.experts." + std::to_string(e) + ".");
                   });
  };
  const auto tokens = model.tokens(20);
  expect_near(model.logits(tokens),
              decode(model, tokens, {.norm = "model.embedding_norm"}, {mixed, fed}, eps));
  expect_sound(model);
}

const Names backbone = {"backbone.embeddings", "backbone.layers", "backbone.norm_f"};

TinyTensors in_backbone(const TinyTensors& layer) {
  return TinyTensors{{"backbone.embeddings.weight", {vocab, hidden}},
                     {"backbone.norm_f.weight", {hidden}}} +
         in_layers(2, "backbone.layers", layer);
}

TinyTensors mamba_layer() {
  return {{"norm.weight", {hidden}},
          {"mixer.in_proj.weight", {64, hidden}},
          {"mixer.conv1d.weight", {32, 1, 4}},
          {"mixer.conv1d.bias", {32}},
          {"mixer.x_proj.weight", {3 + 2 * 5, 32}},
          {"mixer.dt_proj.weight", {32, 3}},
          {"mixer.dt_proj.bias", {32}, -3.0, -1.0},
          {"mixer.A_log", {32, 5}, 0.0, 1.6},
          {"mixer.D", {32}},
          {"mixer.out_proj.weight", {hidden, 32}}};
}

nlohmann::json mamba_config(const char* model_type) {
  return {{"model_type", model_type}, {"hidden_size", hidden},    {"vocab_size", vocab},
          {"intermediate_size", 32},  {"state_size", 5},          {"num_hidden_layers", 2},
          {"conv_kernel", 4},         {"use_bias", false},        {"use_conv_bias", true},
          {"time_step_rank", 3},      {"layer_norm_epsilon", eps}};
}

TEST(RecurrentFamilies, Mamba) {
  const TinyModel model(mamba_config("mamba"), in_backbone(mamba_layer()));
  const auto mixed = [&](const Matrix& x, const std::string& at, int) {
    return mamba(model, at + "mixer", rms_norm(x, model(at + "norm.weight"), eps), {32, 5, 3});
  };
  const auto tokens = model.tokens(many);
  expect_near(model.logits(tokens), decode(model, tokens, backbone, {mixed}, eps));
  expect_sound(model);
}

TEST(RecurrentFamilies, FalconMamba) {
  const TinyModel model(mamba_config("falcon_mamba"), in_backbone(mamba_layer()));
  const auto norms = [](const Matrix& x, const std::string&) { return rms_norm(x, {}, 1e-6); };
  const auto mixed = [&](const Matrix& x, const std::string& at, int) {
    return mamba(model, at + "mixer", rms_norm(x, model(at + "norm.weight"), eps), {32, 5, 3},
                 norms);
  };
  const auto tokens = model.tokens(20);
  expect_near(model.logits(tokens), decode(model, tokens, backbone, {mixed}, eps));
  expect_sound(model);
}

TEST(RecurrentFamilies, Mamba2) {
  const Mamba2Sizes sizes{.heads = 4, .head_dim = 6, .groups = 2, .state = 5};
  const int inner = 24, conv = inner + 20;
  const TinyModel model({{"model_type", "mamba2"},
                         {"hidden_size", hidden},
                         {"vocab_size", vocab},
                         {"num_heads", 4},
                         {"head_dim", 6},
                         {"n_groups", 2},
                         {"state_size", 5},
                         {"num_hidden_layers", 2},
                         {"conv_kernel", 4},
                         {"use_bias", true},
                         {"use_conv_bias", true},
                         {"time_step_limit", {0.05, 1.0}},
                         {"layer_norm_epsilon", eps}},
                        in_backbone({{"norm.weight", {hidden}},
                                     {"mixer.in_proj.weight", {inner + conv + 4, hidden}},
                                     {"mixer.in_proj.bias", {inner + conv + 4}},
                                     {"mixer.conv1d.weight", {conv, 1, 4}},
                                     {"mixer.conv1d.bias", {conv}},
                                     {"mixer.A_log", {4}, 0.0, 2.0},
                                     {"mixer.dt_bias", {4}, -4.0, 1.0},
                                     {"mixer.D", {4}},
                                     {"mixer.norm.weight", {inner}},
                                     {"mixer.out_proj.weight", {hidden, inner}},
                                     {"mixer.out_proj.bias", {hidden}}}));
  const auto mixed = [&](const Matrix& x, const std::string& at, int) {
    const auto gated = [&](const Matrix& y, const Matrix& gate) {
      return rms_norm(open(y, gate), model(at + "mixer.norm.weight"), eps, 2);
    };
    return mamba2(model, at + "mixer", rms_norm(x, model(at + "norm.weight"), eps), sizes, gated,
                  {}, 0.05, 1.0);
  };
  const auto tokens = model.tokens(many);
  expect_near(model.logits(tokens), decode(model, tokens, backbone, {mixed}, eps));
  expect_sound(model);
}

// As published files are written: by Python, which has a name for infinity.
TEST(RecurrentFamilies, StepsWithoutALimit) {
  ModelFolder folder;
  folder.write("config.json",
               R"({"model_type": "mamba2", "hidden_size": 16, "vocab_size": 32, "n_groups": 1,
                   "num_heads": 2, "head_dim": 16, "num_hidden_layers": 1, "note": "Infinity \" NaN",
                   "time_step_limit": [0.0, Infinity], "initializer_range": NaN})");
  const auto config = models::ModelConfig::load(folder.path());
  EXPECT_EQ(config.reader().text("note"), "Infinity \" NaN");
  EXPECT_FALSE(config.reader().has("initializer_range"));
  EXPECT_GE(config.reader().numbers("time_step_limit", {})[1], 3e38f);
  folder.write("config.json", R"({"model_type": "mamba2", "hidden_size": Inf})");
  expect_error([&] { models::ModelConfig::load(folder.path()); }, {"is not valid JSON"});
}

}  // namespace
}  // namespace quern::tests
