// Families with experts whose routers take a softmax, as published, in float64.

#include <gtest/gtest.h>

#include "models/families/family.h"
#include "tests/models/families/tiny_experts.h"

namespace quern::tests {
namespace {

using namespace reference;

using namespace tiny;

TEST(Experts, Qwen2MoeWeighsASharedExpertByAGate) {
  const auto moe = TinyTensors{{"mlp.gate.weight", {experts, hidden}},
                               {"mlp.shared_expert_gate.weight", {1, hidden}}} +
                   tiny_experts("mlp.experts", 12, projections) + tiny_mlp("mlp.shared_expert", 20);
  TinyTensors tensors =
      in_layers(3, "model.layers", tiny_attention() + tiny_query_key_value_biases()) + tiny_ends();
  for (const char* layer : {"model.layers.0.", "model.layers.1.", "model.layers.2."}) {
    const bool dense = std::string(layer).find(".1.") != std::string::npos;
    for (TinyTensor tensor : dense ? tiny_mlp("mlp", 24) : moe) {
      tensor.name = layer + tensor.name;
      tensors.push_back(tensor);
    }
  }
  const TinyModel model(tiny_config("qwen2_moe", {{"num_experts", experts},
                                                  {"moe_intermediate_size", 12},
                                                  {"shared_expert_intermediate_size", 20},
                                                  {"mlp_only_layers", {1}}}),
                        tensors);
  Network net{model};
  net.attend = [&](const Matrix& x, const std::string& layer, int) {
    return attend(net, x, layer);
  };
  net.feed = [&](const Matrix& x, const std::string& layer, int i) {
    if (i == 1) return net.mlp(x, layer + "mlp");
    const Matrix gate = map(net.project(x, layer + "mlp.shared_expert_gate"), sigmoid);
    Matrix shared = net.mlp(x, layer + "mlp.shared_expert");
    for (int t = 0; t < x.rows; ++t)
      for (int c = 0; c < hidden; ++c) shared(t, c) *= gate(t, 0);
    return shared +
           experts_of(net, x, layer + "mlp", projections, [](const std::vector<double>& logits) {
             return softmax_route(logits, 2, false);
           });
  };
  expect_as(net);
}

TEST(Experts, OlmoeNormalisesAllHeadsTogether) {
  const TinyModel model(
      tiny_config("olmoe", {{"num_experts", experts}, {"num_experts_per_tok", 3}}),
      in_layers(3, "model.layers",
                tiny_attention() +
                    TinyTensors{{"self_attn.q_norm.weight", {hidden}},
                                {"self_attn.k_norm.weight", {8}},
                                {"mlp.gate.weight", {experts, hidden}}} +
                    tiny_experts("mlp.experts", 24, projections)) +
          tiny_ends());
  Network net{model};
  net.attend = [&](const Matrix& x, const std::string& layer, int) {
    return attend(net, x, layer, [&](const Matrix& all, const char* norm) {
      return rms_norm(all, model(layer + "self_attn." + norm + ".weight"), 1e-5);
    });
  };
  net.feed = [&](const Matrix& x, const std::string& layer, int) {
    return experts_of(net, x, layer + "mlp", projections, [](const std::vector<double>& logits) {
      return softmax_route(logits, 3, false);
    });
  };
  expect_as(net);
}

TEST(Experts, PhimoeWeighsNearTiesOnly) {
  const TinyTensors norms = {{"input_layernorm.bias", {hidden}},
                             {"post_attention_layernorm.bias", {hidden}},
                             {"self_attn.o_proj.bias", {hidden}},
                             {"block_sparse_moe.gate.weight", {experts, hidden}}};
  const nlohmann::json scaling = {
      {"type", "longrope"},        {"short_factor", {1.0, 1.1}},
      {"long_factor", {1.5, 2.5}}, {"short_mscale", 1.2},
      {"long_mscale", 1.3},        {"original_max_position_embeddings", 64}};
  const TinyModel model(tiny_config("phimoe", {{"num_local_experts", experts},
                                               {"router_jitter_noise", 0.2},
                                               {"attention_bias", true},
                                               {"lm_head_bias", true},
                                               {"sliding_window", 7},
                                               {"max_position_embeddings", 256},
                                               {"rope_scaling", scaling}}),
                        in_layers(3, "model.layers",
                                  tiny_attention() + tiny_query_key_value_biases() + norms +
                                      tiny_experts("block_sparse_moe.experts", 24, numbered)) +
                            tiny_ends() +
                            TinyTensors{{"model.norm.bias", {hidden}}, {"lm_head.bias", {vocab}}});
  Network net{model};
  net.norm = [&](const Matrix& x, const std::string& path) {
    return layer_norm(x, model(path + ".weight"), model(path + ".bias"), 1e-5);
  };
  net.attend = [&](const Matrix& x, const std::string& layer, int) {
    const std::vector<double> plain = rope_periods(500, head_dim);
    const std::vector<double> periods = {plain[0] * 1.5, plain[1] * 2.5};
    const auto turned = [&](const char* name, int count) {
      return rope(net.project(x, layer + "self_attn." + name), count, periods) * 1.3;
    };
    const AttentionOptions options{.heads = heads, .key_value_heads = key_heads, .sees = within(7)};
    return net.project(attention(turned("q_proj", heads), turned("k_proj", key_heads),
                                 net.project(x, layer + "self_attn.v_proj"), options),
                       layer + "self_attn.o_proj");
  };
  net.feed = [&](const Matrix& x, const std::string& layer, int) {
    return experts_of(
        net, x, layer + "block_sparse_moe", numbered,
        [](const std::vector<double>& logits) { return sparse_mixer_route(logits, 0.2); });
  };
  expect_as(net);
}

/// Granite with experts; the last one's MLP for all tokens is as large as `shared`.
void expect_granite(const char* model_type, int shared) {
  SCOPED_TRACE(model_type);
  TinyTensors layer = tiny_attention() +
                      TinyTensors{{"block_sparse_moe.router.layer.weight", {experts, hidden}},
                                  {"block_sparse_moe.input_linear.weight", {experts, 48, hidden}},
                                  {"block_sparse_moe.output_linear.weight", {experts, hidden, 24}}};
  if (shared > 0) {
    layer = layer + TinyTensors{{"shared_mlp.input_linear.weight", {2 * shared, hidden}},
                                {"shared_mlp.output_linear.weight", {hidden, shared}}};
  }
  const TinyModel model(tiny_config(model_type, {{"num_local_experts", experts},
                                                 {"shared_intermediate_size", shared},
                                                 {"embedding_multiplier", 3.0},
                                                 {"attention_multiplier", 0.3},
                                                 {"residual_multiplier", 0.7},
                                                 {"logits_scaling", 2.0}}),
                        in_layers(3, "model.layers", layer) + tiny_ends());
  Network net{.model = model, .embedding_scale = 3, .residual_scale = 0.7, .logit_scale = 0.5};
  net.attend = [&](const Matrix& x, const std::string& at, int) {
    return attend(net, x, at, {}, {.scale = 0.3});
  };
  const auto halves = [](const Matrix& x, const Matrix& in, const Matrix& out) {
    const int size = in.rows / 2;
    return swiglu(x, rows(in, 0, size), rows(in, size, 2 * size), out);
  };
  net.feed = [&](const Matrix& x, const std::string& at, int) {
    const Matrix& in = model(at + "block_sparse_moe.input_linear.weight");
    const Matrix& out = model(at + "block_sparse_moe.output_linear.weight");
    const Matrix routed = mixture(
        x, net.project(x, at + "block_sparse_moe.router.layer"),
        [](const std::vector<double>& logits) { return softmax_route(logits, 2, true); },
        [&](const Matrix& token, int e) {
          return halves(token, rows(in, 48 * e, 48 * (e + 1)),
                        rows(out, hidden * e, hidden * (e + 1)));
        });
    if (shared == 0) return routed;
    return routed + halves(x, model(at + "shared_mlp.input_linear.weight"),
                           model(at + "shared_mlp.output_linear.weight"));
  };
  expect_as(net);
}

TEST(Experts, GraniteMoeFusesGateAndUp) {
  expect_granite("granitemoe", 0);
  expect_granite("granitemoeshared", 20);
}

TEST(Experts, NumbersThatDoNotFitAreNamed) {
  const auto describe = [](const char* type, const nlohmann::json& own) {
    const auto config = models::ModelConfig::from_json(tiny_config(type, own), "config.json");
    models::find_family(config).describe(config);
  };
  expect_error([&] { describe("mixtral", nlohmann::json::object()); },
               {"config.json", "num_experts"});
  expect_error(
      [&] {
        describe("mixtral", {{"num_local_experts", 1}});
      },
      {"num_experts_per_tok", "2", "1"});
  expect_error([&] { describe("olmoe", {{"num_experts", 4}, {"clip_qkv", 8.0}}); }, {"clip_qkv"});
  expect_error(
      [&] {
        describe("minimax", {{"num_local_experts", 4}, {"attn_type_list", {1, 0, 1}}});
      },
      {"linear attention"});
  expect_error(
      [&] {
        describe("llama4_text", {{"num_local_experts", 4}, {"moe_layers", {3}}});
      },
      {"moe_layers", "3"});
}

}  // namespace
}  // namespace quern::tests
