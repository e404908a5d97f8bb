// A tiny Llama 4 in float64: chunks, layers without positions, weighed inputs.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/families/tiny_experts.h"

namespace quern::tests {
namespace {

using namespace reference;
using namespace tiny;

constexpr int chunk = 5, expert_size = 12, dense_size = 24;
constexpr double floor_scale = 4, attention_scale = 0.3;

/// Layers 0 and 1 see positions, 2 does not; 1 has experts.
nlohmann::json text_config() {
  return tiny_config("llama4_text", {{"num_local_experts", experts},
                                     {"num_experts_per_tok", 1},
                                     {"intermediate_size", expert_size},
                                     {"intermediate_size_mlp", dense_size},
                                     {"interleave_moe_layer_step", 2},
                                     {"no_rope_layers", {1, 1, 0}},
                                     {"attention_chunk_size", chunk},
                                     {"attn_temperature_tuning", 4},
                                     {"floor_scale", floor_scale},
                                     {"attn_scale", attention_scale},
                                     {"use_qk_norm", true},
                                     {"rope_scaling",
                                      {{"rope_type", "llama3"},
                                       {"factor", 8.0},
                                       {"low_freq_factor", 1.0},
                                       {"high_freq_factor", 1.0},
                                       {"original_max_position_embeddings", 64}}}});
}

TinyTensors tensors_under(const std::string& prefix) {
  TinyTensors tensors = in_layers(3, "model.layers", tiny_attention()) + tiny_ends();
  for (const int i : {0, 2}) {
    for (TinyTensor tensor : tiny_mlp("feed_forward", dense_size)) {
      tensor.name = "model.layers." + std::to_string(i) + "." + tensor.name;
      tensors.push_back(tensor);
    }
  }
  const auto moe = TinyTensors{{"router.weight", {experts, hidden}},
                               {"experts.gate_up_proj", {experts, hidden, 2 * expert_size}},
                               {"experts.down_proj", {experts, expert_size, hidden}}} +
                   tiny_mlp("shared_expert", expert_size);
  for (TinyTensor tensor : moe) {
    tensor.name = "model.layers.1.feed_forward." + tensor.name;
    tensors.push_back(tensor);
  }
  for (TinyTensor& tensor : tensors) tensor.name = prefix + tensor.name;
  return tensors;
}

Matrix attend(const Network& net, const Matrix& x, const std::string& layer, int i) {
  const auto projected = [&](const char* name) {
    return net.project(x, layer + "self_attn." + name);
  };
  Matrix queries = projected("q_proj"), keys = projected("k_proj");
  AttentionOptions options{.heads = heads, .key_value_heads = key_heads};
  if (i == 2) {
    for (int t = 0; t < queries.rows; ++t) {
      const double factor = 1 + attention_scale * std::log1p(std::floor((t + 1) / floor_scale));
      for (int c = 0; c < hidden; ++c) queries(t, c) *= factor;
    }
  } else {
    // Pairs that turn less than once within the 64 tokens of training turn 8 times slower.
    std::vector<double> periods = rope_periods(500, head_dim);
    for (double& period : periods)
      if (64 / (2 * M_PI * period) < 1) period *= 8;
    queries = rms_norm(rope(queries, heads, periods, true), {}, 1e-5, heads);
    keys = rms_norm(rope(keys, key_heads, periods, true), {}, 1e-5, key_heads);
    options.sees = [](int query, int key) { return query / chunk == key / chunk; };
  }
  return net.project(attention(queries, keys, projected("v_proj"), options),
                     layer + "self_attn.o_proj");
}

Matrix feed(const Network& net, const Matrix& x, const std::string& layer, int i) {
  const std::string path = layer + "feed_forward";
  if (i != 1) return net.mlp(x, path);
  const Matrix &fused = net.model(path + ".experts.gate_up_proj"),
               &down = net.model(path + ".experts.down_proj");
  Matrix out = net.mlp(x, path + ".shared_expert");
  const Matrix logits = net.project(x, path + ".router");
  for (int t = 0; t < x.rows; ++t) {
    const std::vector<double> own = rows(logits, t, t + 1).values;
    const int e = best(own, 1)[0];
    const Matrix both = transposed_part(fused, e, hidden);
    const Matrix made =
        swiglu(rows(x, t, t + 1) * sigmoid(own[size_t(e)]), rows(both, 0, expert_size),
               rows(both, expert_size, both.rows), transposed_part(down, e, expert_size));
    for (int c = 0; c < hidden; ++c) out(t, c) += made(0, c);
  }
  return out;
}

TEST(Llama4, TextModelIsAsPublished) {
  const TinyModel model(text_config(), tensors_under(""));
  Network net{model};
  net.attend = [&](const Matrix& x, const std::string& layer, int i) {
    return attend(net, x, layer, i);
  };
  net.feed = [&](const Matrix& x, const std::string& layer, int i) {
    return feed(net, x, layer, i);
  };
  expect_as(net);
}

TEST(Llama4, TextPartOfAMultimodalModelIsTheSame) {
  const TinyModel alone(text_config(), tensors_under(""));
  const TinyTensors seeing = {{"vision_model.patch_embedding.weight", {4, 4}},
                              {"multi_modal_projector.linear_1.weight", {4, 4}}};
  const TinyModel part({{"model_type", "llama4"}, {"text_config", text_config()}},
                       tensors_under("language_model.") + seeing);
  expect_near(part.logits(part.tokens(12)), alone.logits(alone.tokens(12)), 0);
}

}  // namespace
}  // namespace quern::tests
