#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "tests/models/families/latent_reference.h"

namespace quern::tests {
namespace {

using namespace reference;

constexpr int hidden = 24, layers = 3, experts = 8, groups = 4, groups_per_token = 2, top = 3;
constexpr int expert_size = 10, shared_experts = 2;
constexpr double eps = 1e-5, factor = 40, routed_scale = 2.5, theta = 10000, trained = 256;

/// YaRN (Peng et al. 2023) with beta_fast 32, beta_slow 1.
std::vector<double> yarn_periods(int dims) {
  const auto pair_that_turns = [&](double turns) {
    return dims * std::log(trained / (turns * 2 * std::numbers::pi)) / (2 * std::log(theta));
  };
  const double low = std::max(0.0, std::floor(pair_that_turns(32)));
  const double high = std::min(dims - 1.0, std::ceil(pair_that_turns(1)));
  std::vector<double> periods = rope_periods(theta, dims);
  for (size_t i = 0; i < periods.size(); ++i) {
    const double stretched = std::clamp((double(i) - low) / (high - low), 0.0, 1.0);
    periods[i] = 1 / (stretched / (factor * periods[i]) + (1 - stretched) / periods[i]);
  }
  return periods;
}

LatentAttention latent_attention(int query_rank) {
  LatentAttention attention{.hidden = hidden,
                            .heads = 3,
                            .query_rank = query_rank,
                            .rank = 8,
                            .plain = 6,
                            .turning = 8,
                            .value = 5};
  attention.periods = yarn_periods(8);
  attention.scale = std::pow(0.1 * std::log(factor) + 1, 2) / std::sqrt(14.0);
  return attention;
}

nlohmann::json config(const char* model_type, int query_rank) {
  return {{"model_type", model_type},
          {"hidden_size", hidden},
          {"intermediate_size", 20},
          {"moe_intermediate_size", expert_size},
          {"num_hidden_layers", layers},
          {"num_attention_heads", 3},
          {"num_key_value_heads", 3},
          {"vocab_size", 40},
          {"q_lora_rank", query_rank > 0 ? nlohmann::json(query_rank) : nlohmann::json()},
          {"kv_lora_rank", 8},
          {"qk_nope_head_dim", 6},
          {"qk_rope_head_dim", 8},
          {"v_head_dim", 5},
          {"n_routed_experts", experts},
          {"n_shared_experts", shared_experts},
          {"num_experts_per_tok", top},
          {"n_group", groups},
          {"topk_group", groups_per_token},
          {"first_k_dense_replace", 1},
          {"moe_layer_freq", 2},
          {"rms_norm_eps", eps},
          {"routed_scaling_factor", routed_scale},
          {"rope_theta", theta},
          {"max_position_embeddings", 10240},
          {"tie_word_embeddings", false},
          {"rope_scaling",
           {{"type", "yarn"},
            {"factor", factor},
            {"mscale", 1},
            {"mscale_all_dim", 1},
            {"beta_fast", 32},
            {"beta_slow", 1},
            {"original_max_position_embeddings", trained}}}};
}

TinyTensors mlp(const std::string& path, int size) {
  return {{path + ".gate_proj.weight", {size, hidden}},
          {path + ".up_proj.weight", {size, hidden}},
          {path + ".down_proj.weight", {hidden, size}}};
}

TinyTensors layer(const LatentAttention& attention, bool has_experts, bool corrected) {
  TinyTensors out = {{"input_layernorm.weight", {hidden}},
                     {"post_attention_layernorm.weight", {hidden}}};
  for (TinyTensor tensor : attention.tensors()) {
    tensor.name = "self_attn." + tensor.name;
    out.push_back(tensor);
  }
  if (!has_experts) return out + mlp("mlp", 20);
  for (int e = 0; e < experts; ++e) {
    out = out + mlp("mlp.experts." + std::to_string(e), expert_size);
  }
  if (corrected) out.push_back({"mlp.gate.e_score_correction_bias", {experts}});
  return out + mlp("mlp.shared_experts", expert_size * shared_experts) +
         TinyTensors{{"mlp.gate.weight", {experts, hidden}}};
}

/// Only layer 2 has experts: it is the only one from 1 on with an even number.
TinyTensors tensors(const LatentAttention& attention, bool corrected) {
  TinyTensors out = {{"model.embed_tokens.weight", {40, hidden}},
                     {"model.norm.weight", {hidden}},
                     {"lm_head.weight", {40, hidden}}};
  for (int i = 0; i < layers; ++i) {
    for (TinyTensor tensor : layer(attention, i == 2, corrected)) {
      tensor.name = "model.layers." + std::to_string(i) + "." + tensor.name;
      out.push_back(tensor);
    }
  }
  return out;
}

/// One token's weight of each expert, 0 for those it does not use.
using Route = std::vector<double> (*)(const std::vector<double>& logits, const Matrix* correction);

/// The numbers of the k largest.
std::vector<int> largest(const std::vector<double>& values, int k) {
  std::vector<int> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return values[size_t(a)] > values[size_t(b)]; });
  order.resize(size_t(k));
  return order;
}

/// The chosen experts, from the groups that `rate` rates best.
template <typename F>
std::vector<int> choose(std::vector<double> scores, F rate) {
  constexpr int size = experts / groups;
  std::vector<double> rated;
  for (int g = 0; g < groups; ++g)
    rated.push_back(rate(scores[size_t(2 * g)], scores[size_t(2 * g + 1)]));
  const std::vector<int> used = largest(rated, groups_per_token);
  for (int e = 0; e < experts; ++e) {
    if (std::find(used.begin(), used.end(), e / size) == used.end()) scores[size_t(e)] = -1e9;
  }
  return largest(scores, top);
}

std::vector<double> route_v2(const std::vector<double>& logits, const Matrix*) {
  const std::vector<double> scores = softmax(logits);
  std::vector<double> weights(experts, 0.0);
  for (const int e : choose(scores, [](double a, double b) { return std::max(a, b); }))
    weights[size_t(e)] = scores[size_t(e)] * routed_scale;
  return weights;
}

std::vector<double> route_v3(const std::vector<double>& logits, const Matrix* correction) {
  std::vector<double> scores = logits, corrected, weights(experts, 0.0);
  for (double& score : scores) score = sigmoid(score);
  for (int e = 0; e < experts; ++e) corrected.push_back(scores[size_t(e)] + (*correction)(0, e));
  const std::vector<int> chosen = choose(corrected, [](double a, double b) { return a + b; });
  double sum = 0;
  for (const int e : chosen) sum += scores[size_t(e)];
  for (const int e : chosen) weights[size_t(e)] = scores[size_t(e)] / sum * routed_scale;
  return weights;
}

Matrix expected_logits(const TinyModel& model, const std::vector<int32_t>& tokens,
                       const LatentAttention& attention, Route route) {
  Matrix x = embed(model("model.embed_tokens.weight"), tokens);
  for (int i = 0; i < layers; ++i) {
    const std::string at = "model.layers." + std::to_string(i) + ".";
    x = x +
        attention(rms_norm(x, model(at + "input_layernorm.weight"), eps), model, at + "self_attn.");
    const Matrix b = rms_norm(x, model(at + "post_attention_layernorm.weight"), eps);
    const auto run_mlp = [&](const std::string& name) {
      const auto weight = [&](const char* part) { return model(at + name + part); };
      const Matrix gate = map(linear(b, weight(".gate_proj.weight")), silu);
      return linear(gate * linear(b, weight(".up_proj.weight")), weight(".down_proj.weight"));
    };
    if (!model.has(at + "mlp.gate.weight")) {
      x = x + run_mlp("mlp");
      continue;
    }
    const Matrix logits = linear(b, model(at + "mlp.gate.weight"));
    const std::string correction = at + "mlp.gate.e_score_correction_bias";
    Matrix weights(x.rows, experts);
    for (int t = 0; t < x.rows; ++t) {
      const auto row = logits.values.begin() + t * experts;
      const std::vector<double> routed =
          route({row, row + experts}, model.has(correction) ? &model(correction) : nullptr);
      for (int e = 0; e < experts; ++e) weights(t, e) = routed[size_t(e)];
    }
    x = x + run_mlp("mlp.shared_experts");
    for (int e = 0; e < experts; ++e) {
      Matrix out = run_mlp("mlp.experts." + std::to_string(e));
      for (int t = 0; t < x.rows; ++t) {
        for (int c = 0; c < hidden; ++c) x(t, c) += weights(t, e) * out(t, c);
      }
    }
  }
  return linear(rms_norm(x, model("model.norm.weight"), eps), model("lm_head.weight"));
}

TEST(DeepseekV2, IsAsTheReferenceHasIt) {
  const LatentAttention attention = latent_attention(0);
  nlohmann::json json = config("deepseek_v2", 0);
  json["topk_method"] = "group_limited_greedy";
  json["scoring_func"] = "softmax";
  const TinyModel model(json, tensors(attention, false));
  const std::vector<int32_t> tokens = model.tokens(20);
  expect_near(model.logits(tokens), expected_logits(model, tokens, attention, route_v2));
  expect_sound(model);
}

TEST(DeepseekV3, IsAsTheReferenceHasIt) {
  const LatentAttention attention = latent_attention(12);
  nlohmann::json json = config("deepseek_v3", 12);
  json["num_nextn_predict_layers"] = 1;
  const TinyTensors next = {{"model.layers.3.enorm.weight", {hidden}},
                            {"model.layers.3.self_attn.kv_b_proj.weight", {33, 8}}};
  const TinyModel model(json, tensors(attention, true) + next);
  const std::vector<int32_t> tokens = model.tokens(20);
  expect_near(model.logits(tokens), expected_logits(model, tokens, attention, route_v3));
  expect_sound(model, {next[0].name, next[1].name});
}

TEST(DeepseekV3, OtherNamesForIt) {
  const TinyTensors weights = tensors(latent_attention(12), true);
  const TinyModel model(config("deepseek_v3", 12), weights);
  const Matrix expected = model.logits(model.tokens(6));
  for (const char* name : {"kimi_k2", "joyai_llm_flash"})
    expect_near(TinyModel(config(name, 12), weights).logits(model.tokens(6)), expected, 0);
}

}  // namespace
}  // namespace quern::tests
