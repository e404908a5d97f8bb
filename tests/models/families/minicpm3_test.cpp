#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/families/latent_reference.h"

namespace quern::tests {
namespace {

using namespace reference;

constexpr int layers = 3;
constexpr double eps = 1e-5;
const std::vector<double> long_factor = {1.1, 1.5, 2.5, 4.0};

LatentAttention latent_attention() {
  LatentAttention attention{.hidden = 24,
                            .heads = 3,
                            .query_rank = 10,
                            .rank = 6,
                            .plain = 5,
                            .turning = 8,
                            .value = 8,
                            .interleaved = false,
                            .scale = 1 / std::sqrt(13.0)};
  attention.periods = rope_periods(10000, 8);
  for (size_t i = 0; i < 4; ++i) attention.periods[i] *= long_factor[i];
  return attention;
}

nlohmann::json config() {
  return {{"model_type", "minicpm3"},
          {"hidden_size", 24},
          {"intermediate_size", 20},
          {"num_hidden_layers", layers},
          {"num_attention_heads", 3},
          {"vocab_size", 40},
          {"q_lora_rank", 10},
          {"kv_lora_rank", 6},
          {"qk_nope_head_dim", 5},
          {"qk_rope_head_dim", 8},
          {"rms_norm_eps", eps},
          {"scale_emb", 12},
          {"scale_depth", 1.4},
          {"dim_model_base", 6},
          {"max_position_embeddings", 64},
          {"rope_scaling",
           {{"type", "longrope"},
            {"long_factor", long_factor},
            {"short_factor", long_factor},
            {"original_max_position_embeddings", 64}}}};
}

TEST(Minicpm3, IsAsTheReferenceHasIt) {
  const LatentAttention attention = latent_attention();
  TinyTensors layer = {{"input_layernorm.weight", {24}},
                       {"post_attention_layernorm.weight", {24}},
                       {"mlp.gate_proj.weight", {20, 24}},
                       {"mlp.up_proj.weight", {20, 24}},
                       {"mlp.down_proj.weight", {24, 20}}};
  for (TinyTensor tensor : attention.tensors()) {
    tensor.name = "self_attn." + tensor.name;
    layer.push_back(tensor);
  }
  // Tied: the head is divided by hidden_size / dim_model_base all the same.
  const TinyModel model(config(), in_layers(layers, "model.layers", layer) +
                                      TinyTensors{{"model.embed_tokens.weight", {40, 24}},
                                                  {"model.norm.weight", {24}}});
  const std::vector<int32_t> tokens = model.tokens(20);
  const double residual = 1.4 / std::sqrt(3.0);
  Matrix x = embed(model("model.embed_tokens.weight"), tokens) * 12;
  for (int i = 0; i < layers; ++i) {
    const std::string at = "model.layers." + std::to_string(i) + ".";
    const auto project = [&](const Matrix& from, const char* name) {
      return linear(from, model(at + "mlp." + name + ".weight"));
    };
    x = x + attention(rms_norm(x, model(at + "input_layernorm.weight"), eps), model,
                      at + "self_attn.") *
                residual;
    const Matrix b = rms_norm(x, model(at + "post_attention_layernorm.weight"), eps);
    x = x +
        project(map(project(b, "gate_proj"), silu) * project(b, "up_proj"), "down_proj") * residual;
  }
  x = linear(rms_norm(x, model("model.norm.weight"), eps), model("model.embed_tokens.weight"));
  expect_near(model.logits(tokens), x * 0.25);
  expect_sound(model);
}

}  // namespace
}  // namespace quern::tests
