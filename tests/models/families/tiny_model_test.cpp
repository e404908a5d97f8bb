// The whole of a tiny Llama in float64: that the reference and the decoder agree where nothing is
// special.

#include "tests/models/families/tiny_model.h"

#include <gtest/gtest.h>

namespace quern::tests {
namespace {

using namespace reference;

TEST(TinyModel, LlamaIsAsTheReferenceHasIt) {
  const nlohmann::json config = {{"model_type", "llama"},    {"hidden_size", 16},
                                 {"intermediate_size", 24},  {"num_hidden_layers", 2},
                                 {"num_attention_heads", 4}, {"num_key_value_heads", 2},
                                 {"vocab_size", 32},         {"rms_norm_eps", 1e-5},
                                 {"rope_theta", 500.0},      {"tie_word_embeddings", false}};
  const TinyModel model(config, in_layers(2, "model.layers",
                                          {{"input_layernorm.weight", {16}},
                                           {"self_attn.q_proj.weight", {16, 16}},
                                           {"self_attn.k_proj.weight", {8, 16}},
                                           {"self_attn.v_proj.weight", {8, 16}},
                                           {"self_attn.o_proj.weight", {16, 16}},
                                           {"post_attention_layernorm.weight", {16}},
                                           {"mlp.gate_proj.weight", {24, 16}},
                                           {"mlp.up_proj.weight", {24, 16}},
                                           {"mlp.down_proj.weight", {16, 24}}}) +
                                    TinyTensors{{"model.embed_tokens.weight", {32, 16}},
                                                {"model.norm.weight", {16}},
                                                {"lm_head.weight", {32, 16}}});
  const std::vector<int32_t> tokens = model.tokens(20);
  const std::vector<double> periods = rope_periods(500, 4);
  Matrix x = embed(model("model.embed_tokens.weight"), tokens);
  for (const std::string layer : {"model.layers.0.", "model.layers.1."}) {
    const auto project = [&](const Matrix& from, const char* name) {
      return linear(from, model(layer + name + ".weight"));
    };
    const Matrix a = rms_norm(x, model(layer + "input_layernorm.weight"), 1e-5);
    x = x + project(attention(rope(project(a, "self_attn.q_proj"), 4, periods),
                              rope(project(a, "self_attn.k_proj"), 2, periods),
                              project(a, "self_attn.v_proj"), {.heads = 4, .key_value_heads = 2}),
                    "self_attn.o_proj");
    const Matrix b = rms_norm(x, model(layer + "post_attention_layernorm.weight"), 1e-5);
    x = x + project(map(project(b, "mlp.gate_proj"), silu) * project(b, "mlp.up_proj"),
                    "mlp.down_proj");
  }
  x = linear(rms_norm(x, model("model.norm.weight"), 1e-5), model("lm_head.weight"));
  expect_near(model.logits(tokens), x);
  expect_sound(model);
}

}  // namespace
}  // namespace quern::tests
