// GPT-2 and its kin under their published names, each as a whole in float64.

#include <gtest/gtest.h>

#include "tests/models/families/llama_reference.h"

namespace quern::tests {
namespace {

using namespace reference;
using Json = nlohmann::json;

Matrix transposed(const Matrix& x) {
  Matrix out(x.columns, x.rows);
  for (int r = 0; r < x.rows; ++r) {
    for (int c = 0; c < x.columns; ++c) out(c, r) = x(r, c);
  }
  return out;
}

/// Biases everywhere, an MLP without a gate.
struct GptNames {
  std::string prefix, layers, mixer, fused, output, first_norm, second_norm, up, down, last_norm;
};

class GptReference : public LlamaReference {
 public:
  GptReference(const TinyModel& model, GptNames names)
      : LlamaReference(model), at(std::move(names)) {}

  /// Queries, keys and values out of one projection.
  virtual Matrix mixed(const Matrix& fused) {
    return reference::attention(columns(fused, 0, 16), columns(fused, 16, 32),
                                columns(fused, 32, 48), {.heads = 4, .key_value_heads = 4});
  }
  Matrix project_in_layer(const Matrix& x, const std::string& module) const {
    const Matrix& weight = model_(module_path(module) + ".weight");
    return linear(x, stored_transposed ? transposed(weight) : weight,
                  model_(module_path(module) + ".bias"));
  }
  Matrix normed(const Matrix& x, const std::string& module) const {
    return layer_norm(x, model_(module + ".weight"), model_(module + ".bias"), eps);
  }
  std::string module_path(const std::string& module) const {
    return at.layers + "." + std::to_string(layer_index) + "." + module;
  }

  Matrix attention(const Matrix& x) override {
    return project_in_layer(mixed(project_in_layer(x, at.fused)), at.output);
  }
  Matrix mlp(const Matrix& x) override {
    return project_in_layer(map(project_in_layer(x, at.up), activation), at.down);
  }
  Matrix layer(const Matrix& x) override {
    const Matrix attended = attention(normed(x, module_path(at.first_norm)));
    const Matrix between = x + attended;
    return between + mlp(normed(parallel ? x : between, module_path(at.second_norm)));
  }
  Matrix through_layers(Matrix x) {
    for (layer_index = 0; layer_index < layers; ++layer_index) x = layer(x);
    return normed(x, at.last_norm);
  }
  Matrix logits(const std::vector<int32_t>& tokens) override {
    const Matrix& embedding = model_(at.prefix + "wte.weight");
    const Matrix positions = rows(model_(at.prefix + "wpe.weight"), 0, int(tokens.size()));
    return linear(through_layers(embed(embedding, tokens) + positions), embedding);
  }

  GptNames at;
  bool stored_transposed = false, parallel = false;
};

GptNames gpt_names(const std::string& prefix) {
  return {prefix, prefix + "h", "attn",     "attn.c_attn", "attn.c_proj",
          "ln_1", "ln_2",       "mlp.c_fc", "mlp.c_proj",  prefix + "ln_f"};
}

Json gpt_config(const char* model_type) {
  return {{"model_type", model_type}, {"n_embd", 16},     {"n_head", 4},  {"n_layer", 2},
          {"n_positions", 40},        {"vocab_size", 32}, {"n_inner", 24}};
}

/// fused: outputs of the attention's first projection.
TinyTensors gpt_tensors(const std::string& prefix, int fused, bool transposed) {
  const auto shape = [&](int out, int in) { return transposed ? Shape{in, out} : Shape{out, in}; };
  return with_biases(in_layers(2, prefix + "h", {{"ln_1.weight", {16}}, {"ln_2.weight", {16}}}),
                     {"ln"}) +
         in_layers(2, prefix + "h",
                   {{"attn.c_attn.weight", shape(fused, 16)},
                    {"attn.c_attn.bias", {fused}},
                    {"attn.c_proj.weight", shape(16, 16)},
                    {"attn.c_proj.bias", {16}},
                    {"mlp.c_fc.weight", shape(24, 16)},
                    {"mlp.c_fc.bias", {24}},
                    {"mlp.c_proj.weight", shape(16, 24)},
                    {"mlp.c_proj.bias", {16}}}) +
         TinyTensors{{prefix + "wte.weight", {32, 16}},
                     {prefix + "wpe.weight", {40, 16}},
                     {prefix + "ln_f.weight", {16}},
                     {prefix + "ln_f.bias", {16}}};
}

TEST(Gpt2, AsPublished) {
  const TinyModel model(gpt_config("gpt2"), gpt_tensors("transformer.", 48, true));
  GptReference reference(model, gpt_names("transformer."));
  reference.stored_transposed = true;
  reference.activation = gelu_tanh;
  expect_reference(model, std::move(reference));
}

TEST(Gpt2, TheFirstFilesHaveNoPrefixAndHoldTheMask) {
  const TinyModel model(gpt_config("gpt2"), gpt_tensors("", 48, true) +
                                                in_layers(2, "h", {{"attn.bias", {1, 1, 40, 40}}}));
  GptReference reference(model, gpt_names(""));
  reference.stored_transposed = true;
  reference.activation = gelu_tanh;
  const std::vector<int32_t> tokens = model.tokens(24);
  expect_near(model.logits(tokens), reference.logits(tokens));
}

TEST(Gpt2, PositionsEnd) {
  const TinyModel model(gpt_config("gpt2"), gpt_tensors("transformer.", 48, true));
  expect_error([&] { model.logits(model.tokens(41)); }, {"position 40", "the model has 40"});
}

TEST(GptBigCode, HeadsShareOneKey) {
  struct Reference : GptReference {
    using GptReference::GptReference;
    Matrix mixed(const Matrix& fused) override {
      return reference::attention(columns(fused, 0, 16), columns(fused, 16, 20),
                                  columns(fused, 20, 24), {.heads = 4, .key_value_heads = 1});
    }
  };
  Json config = gpt_config("gpt_bigcode");
  config["activation_function"] = "gelu_pytorch_tanh";
  const TinyModel model(config, gpt_tensors("transformer.", 24, false));
  Reference reference(model, gpt_names("transformer."));
  reference.activation = gelu_tanh;
  expect_reference(model, std::move(reference));
}

/// The rows of head h begin at 12 h: its query, its key, its value.
Matrix by_head(const Matrix& fused, int which) {
  Matrix out(fused.rows, 0);
  for (int h = 0; h < 4; ++h) {
    const int begin = 12 * h + 4 * which;
    out = beside(out, columns(fused, begin, begin + 4));
  }
  return out;
}

TEST(GptBigCode, OrEachItsOwn) {
  struct Reference : GptReference {
    using GptReference::GptReference;
    Matrix mixed(const Matrix& fused) override {
      return reference::attention(by_head(fused, 0), by_head(fused, 1), by_head(fused, 2),
                                  {.heads = 4, .key_value_heads = 4});
    }
  };
  Json config = gpt_config("gpt_bigcode");
  config["multi_query"] = false;
  const TinyModel model(config, gpt_tensors("transformer.", 48, false));
  Reference reference(model, gpt_names("transformer."));
  reference.activation = gelu_tanh;
  expect_reference(model, std::move(reference));
}

void expect_gpt_neox(bool parallel) {
  const std::string path = "gpt_neox.";
  const GptNames names = {path,
                          path + "layers",
                          "attention",
                          "attention.query_key_value",
                          "attention.dense",
                          "input_layernorm",
                          "post_attention_layernorm",
                          "mlp.dense_h_to_4h",
                          "mlp.dense_4h_to_h",
                          path + "final_layer_norm"};
  struct Reference : GptReference {
    using GptReference::GptReference;
    Matrix mixed(const Matrix& fused) override {
      const std::vector<double> turning = rope_periods(10000, 2);
      return reference::attention(rope(by_head(fused, 0), 4, turning),
                                  rope(by_head(fused, 1), 4, turning), by_head(fused, 2),
                                  {.heads = 4, .key_value_heads = 4});
    }
    Matrix logits(const std::vector<int32_t>& tokens) override {
      return linear(through_layers(embed(model_("gpt_neox.embed_in.weight"), tokens)),
                    model_("embed_out.weight"));
    }
  };
  const TinyTensors in_layer = {{"input_layernorm.weight", {16}},
                                {"post_attention_layernorm.weight", {16}},
                                {"attention.query_key_value.weight", {48, 16}},
                                {"attention.dense.weight", {16, 16}},
                                {"mlp.dense_h_to_4h.weight", {24, 16}},
                                {"mlp.dense_4h_to_h.weight", {16, 24}}};
  const TinyTensors tensors =
      with_biases(in_layers(2, path + "layers", in_layer) +
                      TinyTensors{{path + "final_layer_norm.weight", {16}}},
                  {""}) +
      TinyTensors{{path + "embed_in.weight", {32, 16}}, {"embed_out.weight", {32, 16}}};
  Json config = llama_config("gpt_neox", {{"rotary_pct", 0.5},
                                          {"hidden_act", "gelu"},
                                          {"attention_bias", true},
                                          {"use_parallel_residual", parallel}});
  config["num_key_value_heads"] = nullptr;
  const TinyModel model(config, tensors);
  Reference reference(model, names);
  reference.parallel = parallel;
  reference.activation = gelu;
  expect_reference(model, std::move(reference));
}

TEST(GptNeoX, ParallelWithANormForEachHalf) { expect_gpt_neox(true); }
TEST(GptNeoX, OneHalfAfterTheOther) { expect_gpt_neox(false); }

}  // namespace
}  // namespace quern::tests
