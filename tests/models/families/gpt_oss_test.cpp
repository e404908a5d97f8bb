// gpt-oss as it is published: experts in blocks of 4-bit floats, gate and up row by row.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "engine/io/safetensors.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "models/decoder/load_decoder.h"
#include "models/families/family.h"
#include "models/weights/checkpoint.h"
#include "tests/models/families/tiny_experts.h"

namespace quern::tests {
namespace {

using namespace reference;
using namespace tiny;

constexpr int expert_size = 32, wide = 64, head_size = 16;

nlohmann::json config() {
  return {{"model_type", "gpt_oss"},
          {"hidden_size", wide},
          {"intermediate_size", expert_size},
          {"num_hidden_layers", 2},
          {"num_attention_heads", heads},
          {"num_key_value_heads", key_heads},
          {"head_dim", head_size},
          {"vocab_size", vocab},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 500.0},
          {"num_local_experts", experts},
          {"num_experts_per_tok", 2},
          {"sliding_window", 6},
          {"layer_types", {"sliding_attention", "full_attention"}}};
}

TinyTensors tensors() {
  constexpr int key_size = key_heads * head_size;
  return in_layers(2, "model.layers",
                   {{"input_layernorm.weight", {wide}},
                    {"post_attention_layernorm.weight", {wide}},
                    {"self_attn.q_proj.weight", {wide, wide}},
                    {"self_attn.q_proj.bias", {wide}},
                    {"self_attn.k_proj.weight", {key_size, wide}},
                    {"self_attn.k_proj.bias", {key_size}},
                    {"self_attn.v_proj.weight", {key_size, wide}},
                    {"self_attn.v_proj.bias", {key_size}},
                    {"self_attn.o_proj.weight", {wide, wide}},
                    {"self_attn.o_proj.bias", {wide}},
                    {"self_attn.sinks", {heads}, -1, 2},
                    {"mlp.router.weight", {experts, wide}},
                    {"mlp.router.bias", {experts}},
                    {"mlp.experts.gate_up_proj", {experts, wide, 2 * expert_size}, -1, 1},
                    {"mlp.experts.gate_up_proj_bias", {experts, 2 * expert_size}, -4, 4},
                    {"mlp.experts.down_proj", {experts, expert_size, wide}, -0.2, 0.2},
                    {"mlp.experts.down_proj_bias", {experts, wide}, -0.3, 0.3}}) +
         TinyTensors{{"model.embed_tokens.weight", {vocab, wide}},
                     {"model.norm.weight", {wide}},
                     {"lm_head.weight", {vocab, wide}}};
}

Matrix attend(const Network& net, const Matrix& x, const std::string& layer, int i) {
  const std::vector<double> periods = rope_periods(500, head_size);
  const auto projected = [&](const char* name) {
    return net.project(x, layer + "self_attn." + name);
  };
  AttentionOptions options{.heads = heads,
                           .key_value_heads = key_heads,
                           .sinks = net.model(layer + "self_attn.sinks").values};
  if (i == 0) options.sees = within(6);
  return net.project(
      attention(rope(projected("q_proj"), heads, periods),
                rope(projected("k_proj"), key_heads, periods), projected("v_proj"), options),
      layer + "self_attn.o_proj");
}

Matrix feed(const Network& net, const Matrix& x, const std::string& layer) {
  const std::string path = layer + "mlp.experts.";
  const auto bias = [&](const char* name, int e) { return rows(net.model(path + name), e, e + 1); };
  return mixture(
      x, net.project(x, layer + "mlp.router"),
      [](const std::vector<double>& logits) { return softmax_route(logits, 2, true); },
      [&](const Matrix& token, int e) {
        const Matrix both =
            linear(token, transposed_part(net.model(path + "gate_up_proj"), e, wide),
                   bias("gate_up_proj_bias", e));
        Matrix inner(1, expert_size);
        for (int c = 0; c < expert_size; ++c) {
          const double gate = std::min(both(0, 2 * c), 7.0);
          const double up = std::clamp(both(0, 2 * c + 1), -7.0, 7.0);
          inner(0, c) = gate * sigmoid(1.702 * gate) * (up + 1);
        }
        return linear(inner, transposed_part(net.model(path + "down_proj"), e, expert_size),
                      bias("down_proj_bias", e));
      });
}

TEST(GptOss, FloatsAreAsPublished) {
  const TinyModel model(config(), tensors());
  Network net{model};
  net.attend = [&](const Matrix& x, const std::string& layer, int i) {
    return attend(net, x, layer, i);
  };
  net.feed = [&](const Matrix& x, const std::string& layer, int) { return feed(net, x, layer); };
  expect_as(net);
}

constexpr float e2m1[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6};

/// Blocks [experts, out, in / 32, 16] with their scales, and the same as floats [experts, in, out].
struct Blocks {
  array blocks, scales, floats;
};

Blocks random_blocks(int out, int in, std::mt19937_64& random) {
  std::vector<uint8_t> bytes(size_t(experts * out * in / 2)), exponents(bytes.size() / 16);
  for (uint8_t& byte : bytes) byte = uint8_t(random());
  for (uint8_t& byte : exponents) byte = uint8_t(122 + random() % 3);
  std::vector<float> values(bytes.size() * 2);
  for (int e = 0; e < experts; ++e) {
    for (int o = 0; o < out; ++o) {
      for (int i = 0; i < in; ++i) {
        const auto at = size_t((e * out + o) * in + i), to = size_t((e * in + i) * out + o);
        const int code = i % 2 == 0 ? bytes[at / 2] & 15 : bytes[at / 2] >> 4;
        values[to] = std::ldexp(e2m1[code], exponents[at / 32] - 127);
      }
    }
  }
  return {array(bytes.begin(), {experts, out, in / 32, 16}, uint8),
          array(exponents.begin(), {experts, out, in / 32}, uint8),
          array(values.begin(), {experts, in, out}, float32)};
}

using Arrays = std::unordered_map<std::string, array>;

std::string layer_name(int i) { return "model.layers." + std::to_string(i) + ".mlp.experts."; }

void write_model(const ModelFolder& folder, Arrays arrays, nlohmann::json config) {
  save_safetensors((folder.path() / "model.safetensors").string(), std::move(arrays));
  folder.write("config.json", config.dump());
}

Matrix logits_of(const ModelFolder& folder, const std::vector<int32_t>& tokens) {
  const auto files = models::ModelFiles::open(folder.path());
  const auto decoder = models::load_decoder(files.weights, files.spec, files.config.quantization,
                                            true, folder.path().string());
  return to_matrix(decoder->logits(array(tokens.begin(), {1, int(tokens.size())}, int32)));
}

TEST(GptOss, BlocksAreTheFloatsTheyStandFor) {
  const TinyModel base(config(), tensors());
  Arrays floats, packed;
  for (const auto& [name, value] : base.published()) {
    floats.emplace(name, value);
    packed.emplace(name, value);
  }
  std::mt19937_64 random(3);
  for (int i = 0; i < 2; ++i) {
    const std::tuple<const char*, int, int> matrices[] = {{"gate_up_proj", 2 * expert_size, wide},
                                                          {"down_proj", wide, expert_size}};
    for (const auto& [name, out, in] : matrices) {
      const std::string path = layer_name(i) + name;
      const Blocks made = random_blocks(out, in, random);
      packed.erase(path);
      packed.emplace(path + "_blocks", made.blocks);
      packed.emplace(path + "_scales", made.scales);
      floats.insert_or_assign(path, made.floats);
    }
  }
  nlohmann::json quantized = config();
  quantized["quantization_config"] = {{"quant_method", "mxfp4"},
                                      {"modules_to_not_convert", {"model.layers.*.self_attn"}}};
  const ModelFolder of_floats, of_blocks;
  write_model(of_floats, floats, config());
  write_model(of_blocks, packed, quantized);
  const std::vector<int32_t> tokens = base.tokens(16);
  expect_near(logits_of(of_blocks, tokens), logits_of(of_floats, tokens), 1e-4);

  const auto files = models::ModelFiles::open(of_blocks.path());
  models::Weights back = files.weights;
  models::to_published(files.spec.rules, back);
  EXPECT_EQ(back.size(), packed.size());
  for (const auto& [name, value] : packed) {
    const auto found = back.find(name);
    ASSERT_NE(found, back.end()) << name;
    EXPECT_TRUE(array_equal(found->second, value).item<bool>()) << name;
  }
}

TEST(GptOss, TensorsOfOtherShapesAreNamed) {
  const auto model_config = models::ModelConfig::from_json(config(), "config.json");
  const auto rules = models::find_family(model_config).describe(model_config).rules;
  const auto apply = [&](const std::string& name, const array& value) {
    models::Weights weights = {{layer_name(0) + name, value}};
    models::to_decoder(rules, weights);
  };
  expect_error([&] { apply("gate_up_proj_blocks", zeros({4, 8}, uint8)); }, {"(4,8)"});
  expect_error([&] { apply("down_proj_blocks", zeros({2, 4, 1, 16}, float32)); }, {"float32"});
  expect_error([&] { apply("down_proj", zeros({4})); }, {"down_proj", "(4)"});
}

}  // namespace
}  // namespace quern::tests
