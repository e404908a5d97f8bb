// Qwen3-Next and Qwen3.5 against float64.

#include <gtest/gtest.h>

#include "tests/models/families/recurrent_reference.h"
#include "tests/models/families/sparse_reference.h"
#include "tests/models/families/tiny_hybrid.h"

namespace quern::tests {
namespace {

using namespace reference;
using namespace tiny_hybrid;

// Published Qwen3-Next and Qwen3.5: norms lack 1, and a head turns by a quarter.

class QwenReference {
 public:
  explicit QwenReference(const TinyModel& model, const std::string& prefix)
      : model_(model), prefix_(prefix) {}

  Matrix logits(const std::vector<int32_t>& tokens, const Change& feed) const {
    Matrix x = embed(model_(prefix_ + "embed_tokens.weight"), tokens);
    for (int i = 0; i < 2; ++i) {
      const std::string at = prefix_ + "layers." + std::to_string(i) + ".";
      const Matrix input = normed(x, at + "input_layernorm");
      x = x + (i == 0 ? gated_delta(model_, at + "linear_attn", input, {2, 4, 4, 6}, eps)
                      : gated_attention(input, at + "self_attn."));
      x = x + feed(normed(x, at + "post_attention_layernorm"), at + "mlp.", i);
    }
    return linear(normed(x, prefix_ + "norm"), model_("lm_head.weight"));
  }

  /// The sum over experts, and the one that all tokens share.
  Matrix experts(const Matrix& x, const std::string& at,
                 const std::function<Matrix(const Matrix&, int)>& expert) const {
    const auto route = [](const std::vector<double>& logits) {
      return softmax_route(logits, 2, true);
    };
    const Matrix routed = mixture(x, project(model_, at + "gate", x), route, expert);
    const Matrix gate = map(project(model_, at + "shared_expert_gate", x), sigmoid);
    Matrix shared = mlp(model_, at + "shared_expert", x);
    for (int t = 0; t < x.rows; ++t) {
      for (int c = 0; c < hidden; ++c) shared(t, c) *= gate(t, 0);
    }
    return routed + shared;
  }

 private:
  Matrix normed(const Matrix& x, const std::string& path, int groups = 1) const {
    const Matrix plus_one = map(model_(path + ".weight"), [](double w) { return 1 + w; });
    return rms_norm(x, plus_one, eps, groups);
  }

  Matrix gated_attention(const Matrix& x, const std::string& at) const {
    const Matrix both = project(model_, at + "q_proj", x);
    Matrix queries(x.rows, 0), gates(x.rows, 0);
    for (int h = 0; h < 4; ++h) {
      queries = beside(queries, columns(both, h * 16, h * 16 + 8));
      gates = beside(gates, columns(both, h * 16 + 8, h * 16 + 16));
    }
    const auto turned = [&](const Matrix& y, int heads, const std::string& norm) {
      const Matrix whole = normed(y, at + norm, heads);
      Matrix out(x.rows, 0);
      for (int h = 0; h < heads; ++h) {
        const Matrix head = columns(whole, h * 8, h * 8 + 8);
        out = beside(
            out, beside(rope(columns(head, 0, 2), 1, rope_periods(500, 2)), columns(head, 2, 8)));
      }
      return out;
    };
    const Matrix seen = attention(turned(queries, 4, "q_norm"),
                                  turned(project(model_, at + "k_proj", x), 2, "k_norm"),
                                  project(model_, at + "v_proj", x), {4, 2});
    return project(model_, at + "o_proj", seen * map(gates, sigmoid));
  }

  const TinyModel& model_;
  std::string prefix_;
};

const nlohmann::json qwen_keys = {
    {"full_attention_interval", 2}, {"head_dim", 8},
    {"linear_num_key_heads", 2},    {"linear_num_value_heads", 4},
    {"linear_key_head_dim", 4},     {"linear_value_head_dim", 6},
    {"linear_conv_kernel_dim", 4},  {"num_experts", 4},
    {"num_experts_per_tok", 2},     {"moe_intermediate_size", 6},
    {"norm_topk_prob", true},       {"shared_expert_intermediate_size", 10}};

TinyTensor shifted(const std::string& name, int size) { return {name, {size}, -0.4, 0.4}; }

TinyTensors qwen_tensors(const std::string& prefix, bool by_key_head, const TinyTensors& experts) {
  TinyTensors delta = {{"linear_attn.conv1d.weight", {40, 1, 4}},
                       {"linear_attn.A_log", {4}, -1.0, 1.5},
                       {"linear_attn.dt_bias", {4}, -2.0, 1.0},
                       {"linear_attn.norm.weight", {6}},
                       {"linear_attn.out_proj.weight", {hidden, 24}}};
  if (by_key_head) {
    delta = delta + TinyTensors{{"linear_attn.in_proj_qkvz.weight", {64, hidden}},
                                {"linear_attn.in_proj_ba.weight", {8, hidden}}};
  } else {
    delta = delta + TinyTensors{{"linear_attn.in_proj_qkv.weight", {40, hidden}},
                                {"linear_attn.in_proj_z.weight", {24, hidden}},
                                {"linear_attn.in_proj_b.weight", {4, hidden}},
                                {"linear_attn.in_proj_a.weight", {4, hidden}}};
  }
  const TinyTensors attention = {
      {"self_attn.q_proj.weight", {64, hidden}}, {"self_attn.k_proj.weight", {16, hidden}},
      {"self_attn.v_proj.weight", {16, hidden}}, {"self_attn.o_proj.weight", {hidden, 32}},
      shifted("self_attn.q_norm.weight", 8),     shifted("self_attn.k_norm.weight", 8)};
  const TinyTensors both = TinyTensors{shifted("input_layernorm.weight", hidden),
                                       shifted("post_attention_layernorm.weight", hidden),
                                       {"mlp.gate.weight", {4, hidden}},
                                       {"mlp.shared_expert_gate.weight", {1, hidden}}} +
                           mlp_of("mlp.shared_expert", 10) + experts;
  return TinyTensors{{prefix + "embed_tokens.weight", {vocab, hidden}},
                     shifted(prefix + "norm.weight", hidden),
                     {"lm_head.weight", {vocab, hidden}},
                     {"mtp.fc.weight", {hidden, 2 * hidden}}} +
         at_layer(0, delta + both, prefix + "layers") +
         at_layer(1, attention + both, prefix + "layers");
}

TEST(QwenHybrid, Qwen3Next) {
  const TinyModel model(config_of("qwen3_next", 2, qwen_keys),
                        qwen_tensors("model.", true,
                                     in_layers(4, "mlp.experts",
                                               {{"gate_proj.weight", {6, hidden}},
                                                {"up_proj.weight", {6, hidden}},
                                                {"down_proj.weight", {hidden, 6}}})));
  const QwenReference reference(model, "model.");
  const auto feed = [&](const Matrix& x, const std::string& at, int) {
    return reference.experts(x, at, [&](const Matrix& token, int e) {
      return mlp(model, at + "experts." + std::to_string(e), token);
    });
  };
  const auto tokens = model.tokens(many);
  expect_near(model.logits(tokens), reference.logits(tokens, feed));
  expect_sound(model, {"mtp.fc.weight"});
}

TEST(QwenHybrid, Qwen35Moe) {
  nlohmann::json text = config_of("qwen3_5_moe_text", 2, qwen_keys);
  text.erase("intermediate_size");
  text.erase("rope_theta");
  text["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 500.0}};
  const std::string prefix = "model.language_model.";
  const TinyModel model({{"model_type", "qwen3_5_moe"}, {"text_config", text}},
                        qwen_tensors(prefix, false,
                                     {{"mlp.experts.gate_up_proj", {4, 12, hidden}},
                                      {"mlp.experts.down_proj", {4, hidden, 6}}}));
  const QwenReference reference(model, prefix);
  const auto feed = [&](const Matrix& x, const std::string& at, int) {
    return reference.experts(x, at, [&](const Matrix& token, int e) {
      const Matrix& both = model(at + "experts.gate_up_proj");
      const Matrix& down = model(at + "experts.down_proj");
      return swiglu(token, rows(both, 12 * e, 12 * e + 6), rows(both, 12 * e + 6, 12 * e + 12),
                    rows(down, hidden * e, hidden * e + hidden));
    });
  };
  const auto tokens = model.tokens(20);
  expect_near(model.logits(tokens), reference.logits(tokens, feed));
  expect_sound(model, {"mtp.fc.weight"});
}

}  // namespace
}  // namespace quern::tests
