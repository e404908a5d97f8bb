// Families that are Llama but for something, each as a whole in float64.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/families/llama_reference.h"

namespace quern::tests {
namespace {

using namespace reference;
using Json = nlohmann::json;

/// The three projections before attention.
const std::vector<std::string> inputs = {"q_proj", "k_proj", "v_proj"};

TEST(Exaone, OtherNames) {
  const Names names = {{"model.layers", "transformer.h"},
                       {"model.embed_tokens", "transformer.wte"},
                       {"model.norm", "transformer.ln_f"},
                       {"input_layernorm", "ln_1"},
                       {"post_attention_layernorm", "ln_2"},
                       {"self_attn.o_proj", "attn.attention.out_proj"},
                       {"self_attn", "attn.attention"},
                       {"gate_proj", "c_fc_0"},
                       {"up_proj", "c_fc_1"},
                       {"down_proj", "c_proj"}};
  Json config = llama_config(
      "exaone", {{"num_layers", 2}, {"layer_norm_epsilon", 0.01}, {"activation_function", "silu"}});
  config.erase("num_hidden_layers");
  config.erase("rms_norm_eps");
  const TinyModel model(config, renamed(llama_tensors(), names));
  LlamaReference reference(model, names);
  reference.eps = 0.01;
  expect_reference(model, std::move(reference));
}

TEST(SeedOss, Biases) {
  Json config = llama_config("seed_oss", {{"attention_out_bias", true}});
  config.erase("attention_bias");
  const TinyModel model(config, with_biases(llama_tensors(), {"self_attn"}));
  expect_reference(model, LlamaReference(model));
}

TEST(Hunyuan, NormsAfterTurningAndALargerBase) {
  struct Reference : LlamaReference {
    using LlamaReference::LlamaReference;
    Matrix turned(const Matrix& x, int count, const std::string& which) override {
      const char* module = which == "q" ? "self_attn.query_layernorm" : "self_attn.key_layernorm";
      return rms_norm(rope(x, count, periods), weight(module), eps, count);
    }
  };
  const TinyModel model(
      llama_config("hunyuan_v1_dense",
                   {{"rope_scaling", {{"type", "dynamic"}, {"alpha", 50.0}, {"factor", 1.0}}},
                    {"max_position_embeddings", 8}}),
      llama_tensors() + in_layers(2, "model.layers",
                                  {{"self_attn.query_layernorm.weight", {4}},
                                   {"self_attn.key_layernorm.weight", {4}}}));
  expect_reference(model, Reference(model, {}, 10000 * std::pow(50.0, 4.0 / 2.0)));
}

TEST(InternLm2, OneProjectionGroupByGroup) {
  const Names names = {{"model.embed_tokens", "model.tok_embeddings"},
                       {"lm_head", "output"},
                       {"input_layernorm", "attention_norm"},
                       {"post_attention_layernorm", "ffn_norm"},
                       {"self_attn.o_proj", "attention.wo"},
                       {"mlp.gate_proj", "feed_forward.w1"},
                       {"mlp.up_proj", "feed_forward.w3"},
                       {"mlp.down_proj", "feed_forward.w2"}};
  struct Reference : LlamaReference {
    using LlamaReference::LlamaReference;
    Matrix attention(const Matrix& x) override {
      // Two queries, their key, its value, and once more.
      const Matrix all = project(x, "attention.wqkv");
      const auto heads_at = [&](int first, int second, int size) {
        return beside(columns(all, first, first + size), columns(all, second, second + size));
      };
      return project(reference::attention(rope(heads_at(0, 16, 8), 4, periods),
                                          rope(heads_at(8, 24, 4), 2, periods), heads_at(12, 28, 4),
                                          {.heads = 4, .key_value_heads = 2}),
                     "self_attn.o_proj");
    }
  };
  const TinyTensors tensors =
      with_biases(renamed(without(llama_tensors(), inputs), names) +
                      in_layers(2, "model.layers", {{"attention.wqkv.weight", {32, 16}}}),
                  {"attention.wo", "wqkv"});
  const TinyModel model(llama_config("internlm2", {{"bias", true}}), tensors);
  expect_reference(model, Reference(model, names));
}

TEST(InternLm3, BiasesByKeysOfTheirOwn) {
  const TinyModel model(llama_config("internlm3", {{"qkv_bias", true}, {"bias", false}}),
                        with_biases(llama_tensors(), inputs));
  expect_reference(model, LlamaReference(model));
  const TinyModel other(llama_config("internlm3", {{"qkv_bias", false}, {"bias", true}}),
                        with_biases(llama_tensors(), {"o_proj", "mlp"}));
  expect_reference(other, LlamaReference(other));
}

TEST(MiniCpm, ScaledEmbeddingsResidualsAndLogits) {
  struct Reference : LlamaReference {
    using LlamaReference::LlamaReference;
    Matrix layer(const Matrix& x) override {
      const double scale = 1.4 / std::sqrt(2.0);
      const Matrix between = x + attention(norm(x, "input_layernorm")) * scale;
      return between + mlp(norm(between, "post_attention_layernorm")) * scale;
    }
    Matrix logits(const std::vector<int32_t>& tokens) override {
      Matrix x = embed(weight("model.embed_tokens"), tokens) * 12;
      for (layer_index = 0; layer_index < 2; ++layer_index) x = layer(x);
      return project(norm(x, "model.norm") * (8.0 / 16), "lm_head");
    }
  };
  const TinyModel model(
      llama_config("minicpm", {{"scale_depth", 1.4}, {"scale_emb", 12}, {"dim_model_base", 8}}),
      llama_tensors());
  expect_reference(model, Reference(model));
}

TEST(Apertus, XieluWithLearnedSlopes) {
  const Names names = {{"input_layernorm", "attention_layernorm"},
                       {"post_attention_layernorm", "feedforward_layernorm"}};
  struct Reference : LlamaReference {
    using LlamaReference::LlamaReference;
    double number(const char* name) const {
      return tensor(std::string("mlp.act_fn.") + name).values.at(0);
    }
    Matrix mlp(const Matrix& x) override {
      const double above = softplus(number("alpha_p"));
      const double below = number("beta") + softplus(number("alpha_n"));
      const auto xielu = [&](double v) {
        const double linear = number("beta") * v;
        if (v > 0) return above * v * v + linear;
        return below * (std::expm1(std::min(v, number("eps"))) - v) + linear;
      };
      return project(map(project(x, "mlp.up_proj"), xielu), "mlp.down_proj");
    }
    Matrix turned(const Matrix& x, int count, const std::string& which) override {
      return rope(rms_norm(x, weight("self_attn." + which + "_norm"), eps, count), count, periods);
    }
  };
  const TinyTensors tensors = renamed(without(llama_tensors(), {"gate_proj"}), names) +
                              in_layers(2, "model.layers",
                                        {{"self_attn.q_norm.weight", {4}},
                                         {"self_attn.k_norm.weight", {4}},
                                         {"mlp.act_fn.alpha_p", {1}},
                                         {"mlp.act_fn.alpha_n", {1}},
                                         {"mlp.act_fn.beta", {}, 0.3, 0.7},
                                         {"mlp.act_fn.eps", {}, -2e-6, -1e-6}});
  const TinyModel model(llama_config("apertus", {{"hidden_act", "xielu"}}), tensors);
  expect_reference(model, Reference(model, names));
}

TEST(MiMo, FurtherTokensAreLeftOut) {
  const TinyModel model(llama_config("mimo"),
                        with_biases(llama_tensors(), inputs) +
                            TinyTensors{{"model.mtp_layers.0.input_layernorm.weight", {16}}});
  expect_reference(model, LlamaReference(model), {"model.mtp_layers.0.input_layernorm.weight"});
}

TEST(Ernie, NeighboursTurnTogether) {
  const TinyModel model(llama_config("ernie4_5", {{"use_bias", true}}),
                        with_biases(llama_tensors(), {"self_attn", "mlp"}));
  LlamaReference reference(model);
  reference.interleaved = true;
  expect_reference(model, std::move(reference));
}

TEST(Helium, NeighboursTurnTogether) {
  const TinyModel model(llama_config("helium"), llama_tensors());
  LlamaReference reference(model);
  reference.interleaved = true;
  expect_reference(model, std::move(reference));
}

TEST(BitNet, NormsBeforeTheLastProjections) {
  struct Reference : LlamaReference {
    using LlamaReference::LlamaReference;
    Matrix attention(const Matrix& x) override {
      const Matrix mixed =
          reference::attention(rope(project(x, "self_attn.q_proj"), 4, periods),
                               rope(project(x, "self_attn.k_proj"), 2, periods),
                               project(x, "self_attn.v_proj"), {.heads = 4, .key_value_heads = 2});
      return project(norm(mixed, "self_attn.attn_sub_norm"), "self_attn.o_proj");
    }
    Matrix mlp(const Matrix& x) override {
      const Matrix inner =
          map(project(x, "mlp.gate_proj"), relu_squared) * project(x, "mlp.up_proj");
      return project(norm(inner, "mlp.ffn_sub_norm"), "mlp.down_proj");
    }
  };
  const TinyModel model(llama_config("bitnet", {{"hidden_act", "relu2"}}),
                        llama_tensors() + in_layers(2, "model.layers",
                                                    {{"self_attn.attn_sub_norm.weight", {16}},
                                                     {"mlp.ffn_sub_norm.weight", {24}}}));
  expect_reference(model, Reference(model));
}

class FusedMlpReference : public LlamaReference {
 public:
  using LlamaReference::LlamaReference;
  Matrix mlp(const Matrix& x) override {
    const Matrix both = project(x, "mlp.gate_up_proj");
    return project(map(columns(both, 0, 24), silu) * columns(both, 24, 48), "mlp.down_proj");
  }
};

TinyTensors with_fused_mlp() {
  return without(llama_tensors(), {"gate_proj", "up_proj"}) +
         in_layers(2, "model.layers", {{"mlp.gate_up_proj.weight", {48, 16}}});
}

TEST(Glm, HalfOfEachHeadTurns) {
  Json config = llama_config("glm", {{"attention_bias", true}, {"head_dim", 4}});
  const TinyModel model(config, with_biases(with_fused_mlp(), inputs));
  FusedMlpReference reference(model);
  reference.periods = rope_periods(10000, 2);
  reference.interleaved = true;
  expect_reference(model, std::move(reference));
}

TEST(Phi3, EveryLayerSlides) {
  struct Reference : FusedMlpReference {
    using FusedMlpReference::FusedMlpReference;
    Matrix attention(const Matrix& x) override {
      const Matrix all = project(x, "self_attn.qkv_proj");
      return project(
          reference::attention(rope(columns(all, 0, 16), 4, periods),
                               rope(columns(all, 16, 24), 2, periods), columns(all, 24, 32),
                               {.heads = 4, .key_value_heads = 2, .sees = within(5)}),
          "self_attn.o_proj");
    }
  };
  const TinyModel model(
      llama_config("phi3", {{"sliding_window", 5}}),
      without(with_fused_mlp(), inputs) +
          in_layers(2, "model.layers", {{"self_attn.qkv_proj.weight", {32, 16}}}));
  expect_reference(model, Reference(model));
}

/// Norms after attention and MLP, and over all queries or keys together.
class Olmo2Reference : public LlamaReference {
 public:
  using LlamaReference::LlamaReference;
  Matrix turned(const Matrix& x, int count, const std::string& which) override {
    return rope(norm(x, "self_attn." + which + "_norm"), count, periods);
  }
  Matrix layer(const Matrix& x) override {
    const Matrix between = x + norm(attention(x), "post_attention_layernorm");
    return between + norm(mlp(between), "post_feedforward_layernorm");
  }
};

TEST(Olmo3, SlidingLayersAreNotStretched) {
  struct Reference : Olmo2Reference {
    using Olmo2Reference::Olmo2Reference;
    Matrix layer(const Matrix& x) override {
      const bool slides = layer_index < 3;
      periods = rope_periods(10000, 4);
      if (!slides) {
        for (double& period : periods) period *= 8;
      }
      options.sees = slides ? within(6) : nullptr;
      return Olmo2Reference::layer(x);
    }
  };
  const TinyTensors tensors = without(llama_tensors(4), {"input_layernorm"}) +
                              in_layers(4, "model.layers",
                                        {{"post_feedforward_layernorm.weight", {16}},
                                         {"self_attn.q_norm.weight", {16}},
                                         {"self_attn.k_norm.weight", {8}}});
  const Json by_pattern = {{"num_hidden_layers", 4},
                           {"sliding_window", 6},
                           {"rope_scaling", {{"rope_type", "linear"}, {"factor", 8.0}}}};
  Json by_list = {
      {"num_hidden_layers", 4},
      {"sliding_window", 6},
      {"layer_types",
       {"sliding_attention", "sliding_attention", "sliding_attention", "full_attention"}},
      {"rope_parameters",
       {{"full_attention", {{"rope_type", "linear"}, {"factor", 8.0}, {"rope_theta", 1e4}}},
        {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 1e4}}}}}};
  for (const Json& more : {by_pattern, by_list}) {
    const TinyModel model(llama_config("olmo3", more), tensors);
    Reference reference(model);
    reference.layers = 4;
    expect_reference(model, std::move(reference));
  }
}

TEST(Llama, ProportionalPositionsLeaveTheRestOfAHead) {
  const TinyModel model(llama_config("llama", {{"rope_parameters",
                                                {{"rope_type", "proportional"},
                                                 {"partial_rotary_factor", 0.5},
                                                 {"rope_theta", 100.0}}}}),
                        llama_tensors());
  LlamaReference reference(model);
  reference.periods = {1, INFINITY};
  expect_reference(model, std::move(reference));
}

TEST(Llama, ALongerTextTurnsMoreSlowly) {
  const TinyModel model(
      llama_config("internlm3", {{"max_position_embeddings", 10},
                                 {"rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2.0}}}}),
      llama_tensors());
  // 24 tokens are 2.4 times the trained length.
  LlamaReference reference(model, {}, 10000 * std::pow(2.0 * 2.4 - 1, 2));
  const std::vector<int32_t> tokens = model.tokens(24);
  expect_near(model.logits(tokens), reference.logits(tokens));
}

}  // namespace
}  // namespace quern::tests
