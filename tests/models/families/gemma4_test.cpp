#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "tests/models/families/gemma_reference.h"

namespace quern::tests {
namespace {

using namespace reference;

// What the larger ones have, and the fixture does not: values that are keys, in fewer and wider
// heads, and experts beside the MLP; with the layers' own inputs besides.
constexpr int hidden = 24, vocab = 40, layers = 4, heads = 4, width = 14, first_shared = 3;
constexpr int experts = 5, top = 2, expert_width = 9;
constexpr double eps = 1e-6;
const std::string root = "model.language_model.";

bool slides(int layer) { return layer % 2 == 0; }

GemmaLayerInputs layer_inputs() {
  return {.hidden = hidden, .layers = layers, .size = 7, .vocab_size = vocab, .eps = eps};
}

GemmaAttention attention_of(int layer) {
  GemmaAttention attention{.heads = heads,
                           .key_value_heads = 2,
                           .head_dim = 6,
                           .window = 5,
                           .eps = eps,
                           .periods = rope_periods(100, 6)};
  if (slides(layer)) return attention;
  attention.head_dim = 8;
  attention.key_value_heads = 1;
  attention.window = 0;
  attention.values_are_keys = true;
  // As if all four pairs turned, of which two do.
  attention.periods = rope_periods(5000, 8);
  attention.periods[2] = attention.periods[3] = INFINITY;
  return attention;
}

nlohmann::json config() {
  std::vector<std::string> types;
  for (int i = 0; i < layers; ++i)
    types.push_back(slides(i) ? "sliding_attention" : "full_attention");
  const nlohmann::json text = {
      {"model_type", "gemma4_text"},
      {"hidden_size", hidden},
      {"intermediate_size", width},
      {"num_hidden_layers", layers},
      {"num_attention_heads", heads},
      {"num_key_value_heads", 2},
      {"head_dim", 6},
      {"global_head_dim", 8},
      {"num_global_key_value_heads", 1},
      {"attention_k_eq_v", true},
      {"vocab_size", vocab},
      {"vocab_size_per_layer_input", vocab},
      {"hidden_size_per_layer_input", 7},
      {"sliding_window", 5},
      {"layer_types", types},
      {"num_kv_shared_layers", layers - first_shared},
      {"use_double_wide_mlp", true},
      {"enable_moe_block", true},
      {"num_experts", experts},
      {"top_k_experts", top},
      {"moe_intermediate_size", expert_width},
      {"rms_norm_eps", eps},
      {"rope_parameters",
       {{"full_attention",
         {{"rope_type", "proportional"}, {"rope_theta", 5000.0}, {"partial_rotary_factor", 0.5}}},
        {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 100.0}}}}},
      {"final_logit_softcapping", 8.0}};
  return {{"model_type", "gemma4"}, {"text_config", text}, {"tie_word_embeddings", true}};
}

TinyTensors tensors() {
  TinyTensors out = {{root + "embed_tokens.weight", {vocab, hidden}, -0.6, 0.6},
                     {root + "norm.weight", {hidden}}};
  out = out + layer_inputs().tensors(root);
  for (int i = 0; i < layers; ++i) {
    const GemmaAttention attention = attention_of(i);
    const int queries = heads * attention.head_dim;
    const int keys = attention.key_value_heads * attention.head_dim;
    const int wide = i < first_shared ? width : 2 * width;
    TinyTensors layer = {{"input_layernorm.weight", {hidden}},
                         {"post_attention_layernorm.weight", {hidden}},
                         {"pre_feedforward_layernorm.weight", {hidden}},
                         {"post_feedforward_layernorm.weight", {hidden}},
                         {"pre_feedforward_layernorm_2.weight", {hidden}},
                         {"post_feedforward_layernorm_1.weight", {hidden}},
                         {"post_feedforward_layernorm_2.weight", {hidden}},
                         {"layer_scalar", {1}},
                         {"self_attn.q_proj.weight", {queries, hidden}},
                         {"self_attn.o_proj.weight", {hidden, queries}},
                         {"self_attn.q_norm.weight", {attention.head_dim}},
                         {"mlp.gate_proj.weight", {wide, hidden}},
                         {"mlp.up_proj.weight", {wide, hidden}},
                         {"mlp.down_proj.weight", {hidden, wide}},
                         {"router.proj.weight", {experts, hidden}},
                         {"router.scale", {hidden}, 3, 8},
                         {"router.per_expert_scale", {experts}},
                         {"experts.gate_up_proj", {experts, 2 * expert_width, hidden}},
                         {"experts.down_proj", {experts, hidden, expert_width}}};
    if (i < first_shared) {
      layer.push_back({"self_attn.k_proj.weight", {keys, hidden}});
      layer.push_back({"self_attn.k_norm.weight", {attention.head_dim}});
      if (slides(i)) layer.push_back({"self_attn.v_proj.weight", {keys, hidden}});
    }
    for (TinyTensor tensor : layer + layer_inputs().layer_tensors()) {
      tensor.name = root + "layers." + std::to_string(i) + "." + tensor.name;
      out.push_back(tensor);
    }
  }
  return out;
}

/// gelu_tanh(gate) * up, between projections.
Matrix gated(const Matrix& x, const Matrix& gate, const Matrix& up, const Matrix& down) {
  return linear(map(linear(x, gate), gelu_tanh) * linear(x, up), down);
}

/// [T, experts]: what each counts for each token.
Matrix expert_weights(const TinyModel& model, const std::string& at, const Matrix& x) {
  const Matrix scaled = rms_norm(x, model(at + "router.scale") * std::pow(hidden, -0.5), eps);
  const Matrix logits = linear(scaled, model(at + "router.proj.weight"));
  Matrix weights(x.rows, experts);
  for (int t = 0; t < x.rows; ++t) {
    std::vector<int> order(experts);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](int a, int b) { return logits(t, a) > logits(t, b); });
    std::vector<double> chosen;
    for (int k = 0; k < top; ++k) chosen.push_back(logits(t, order[size_t(k)]));
    chosen = softmax(chosen);
    for (int k = 0; k < top; ++k) {
      const int e = order[size_t(k)];
      weights(t, e) = chosen[size_t(k)] * model(at + "router.per_expert_scale")(0, e);
    }
  }
  return weights;
}

Matrix mixture(const TinyModel& model, const std::string& at, const Matrix& x,
               const Matrix& weights) {
  Matrix out(x.rows, hidden);
  for (int e = 0; e < experts; ++e) {
    const int first = 2 * expert_width * e, middle = first + expert_width;
    const Matrix& both = model(at + "experts.gate_up_proj");
    const Matrix& down = model(at + "experts.down_proj");
    const Matrix one =
        gated(x, rows(both, first, middle), rows(both, middle, middle + expert_width),
              rows(down, hidden * e, hidden * (e + 1)));
    for (int t = 0; t < x.rows; ++t) {
      for (int c = 0; c < hidden; ++c) out(t, c) += weights(t, e) * one(t, c);
    }
  }
  return out;
}

Matrix expected_logits(const TinyModel& model, const std::vector<int32_t>& tokens) {
  Matrix x = embed(model(root + "embed_tokens.weight"), tokens) * std::sqrt(24.0);
  const std::vector<Matrix> own = layer_inputs()(model, root, tokens, x);
  std::map<bool, GemmaAttention::Seen> seen;
  for (int i = 0; i < layers; ++i) {
    const std::string at = root + "layers." + std::to_string(i) + ".";
    const auto norm = [&](const Matrix& from, const std::string& name) {
      return rms_norm(from, model(at + name + ".weight"), eps);
    };
    const GemmaAttention attention = attention_of(i);
    const Matrix a = norm(x, "input_layernorm");
    if (i < first_shared) seen[slides(i)] = attention.seen(model, at + "self_attn.", a);
    x = x + norm(attention.attend(model, at + "self_attn.", a, seen.at(slides(i))),
                 "post_attention_layernorm");

    const auto mlp = [&](const char* part) { return model(at + "mlp." + part + "_proj.weight"); };
    const Matrix dense =
        norm(gated(norm(x, "pre_feedforward_layernorm"), mlp("gate"), mlp("up"), mlp("down")),
             "post_feedforward_layernorm_1");
    const Matrix mixed = norm(
        mixture(model, at, norm(x, "pre_feedforward_layernorm_2"), expert_weights(model, at, x)),
        "post_feedforward_layernorm_2");
    x = x + norm(dense + mixed, "post_feedforward_layernorm");
    x = x + layer_inputs().gate(model, at, x, own[size_t(i)]);
    x = x * model(at + "layer_scalar")(0, 0);
  }
  x = linear(rms_norm(x, model(root + "norm.weight"), eps), model(root + "embed_tokens.weight"));
  return map(x, [](double logit) { return 8 * std::tanh(logit / 8); });
}

TEST(Gemma4, WithExpertsIsAsTheReferenceHasIt) {
  const TinyModel model(config(), tensors());
  const std::vector<int32_t> tokens = model.tokens(20);
  expect_near(model.logits(tokens), expected_logits(model, tokens));
  expect_sound(model);
}

TEST(Gemma4, WhatSharedKeysLeaveUnusedMayBeThere) {
  const std::string layer = root + "layers.3.self_attn.";
  const TinyTensors unused = {{layer + "k_proj.weight", {8, hidden}},
                              {layer + "k_norm.weight", {8}}};
  const TinyModel with(config(), tensors() + unused), without(config(), tensors());
  const std::vector<int32_t> tokens = with.tokens(6);
  expect_near(with.logits(tokens), without.logits(tokens), 0);
}

}  // namespace
}  // namespace quern::tests
