// Families with layer norms, each as a whole in float64.

#include <gtest/gtest.h>

#include "tests/models/families/llama_reference.h"

namespace quern::tests {
namespace {

using namespace reference;
using Json = nlohmann::json;

/// Norms are layer norms, with a bias where the file has one.
class LayerNormReference : public LlamaReference {
 public:
  using LlamaReference::LlamaReference;

  Matrix norm(const Matrix& x, const std::string& module) override {
    const std::string bias = module + ".bias";
    return layer_norm(x, weight(module), has_bias ? tensor(bias) : Matrix(), eps);
  }

  bool has_bias = true;
};

const std::vector<std::string> all_norms = {"norm.weight", "input_layernorm",
                                            "post_attention_layernorm"};

TEST(Phi, AttentionAndMlpInParallel) {
  const Names names = {{"o_proj", "dense"},
                       {"up_proj", "fc1"},
                       {"down_proj", "fc2"},
                       {"model.norm", "model.final_layernorm"}};
  struct Reference : LayerNormReference {
    using LayerNormReference::LayerNormReference;
    Matrix mlp(const Matrix& x) override {
      return project(map(project(x, "mlp.up_proj"), gelu_tanh), "mlp.down_proj");
    }
    Matrix layer(const Matrix& x) override {
      const Matrix a = norm(x, "input_layernorm");
      return x + attention(a) + mlp(a);
    }
  };
  const TinyTensors tensors =
      with_biases(without(llama_tensors(), {"post_attention_layernorm", "gate_proj"}),
                  {"norm.weight", "input_layernorm", "self_attn", "mlp", "lm_head"});
  const TinyModel model(llama_config("phi", {{"partial_rotary_factor", 0.5},
                                             {"layer_norm_eps", 1e-5},
                                             {"hidden_act", "gelu_new"}}),
                        renamed(tensors, names));
  Reference reference(model, names);
  reference.periods = rope_periods(10000, 2);
  expect_reference(model, std::move(reference));
}

TEST(StableLm, HeadsTurnInPart) {
  const TinyModel model(
      llama_config("stablelm", {{"use_qkv_bias", true}, {"partial_rotary_factor", 0.5}}),
      with_biases(llama_tensors(), {"norm.weight", "input_layernorm", "post_attention", "q_proj",
                                    "k_proj", "v_proj"}));
  LayerNormReference reference(model);
  reference.periods = rope_periods(10000, 2);
  expect_reference(model, std::move(reference));
}

TEST(StableLm, ANormForEachHeadAndAParallelMlp) {
  struct Reference : LayerNormReference {
    using LayerNormReference::LayerNormReference;
    Matrix layer(const Matrix& x) override {
      const Matrix a = norm(x, "input_layernorm");
      return x + attention(a) + mlp(a);
    }
    Matrix turned(const Matrix& x, int count, const std::string& which) override {
      Matrix out(x.rows, 0);
      for (int h = 0; h < count; ++h) {
        const std::string module = "self_attn." + which + "_layernorm.norms." + std::to_string(h);
        out = beside(out, layer_norm(columns(x, 4 * h, 4 * h + 4), weight(module), {}, eps));
      }
      return rope(out, count, periods);
    }
  };
  TinyTensors tensors = with_biases(without(llama_tensors(), {"post_attention_layernorm"}),
                                    {"norm.weight", "input_layernorm"});
  for (int h = 0; h < 4; ++h) {
    const std::string head = ".norms." + std::to_string(h) + ".weight";
    tensors = tensors + in_layers(2, "model.layers", {{"self_attn.q_layernorm" + head, {4}}});
    if (h >= 2) continue;
    tensors = tensors + in_layers(2, "model.layers", {{"self_attn.k_layernorm" + head, {4}}});
  }
  const TinyModel model(llama_config("stablelm", {{"partial_rotary_factor", 1.0},
                                                  {"use_parallel_residual", true},
                                                  {"qk_layernorm", true}}),
                        tensors);
  expect_reference(model, Reference(model));
}

TEST(Nemotron, WeightsStoredMinusOneAndASquaredRelu) {
  struct Reference : LlamaReference {
    using LlamaReference::LlamaReference;
    Matrix norm(const Matrix& x, const std::string& module) override {
      const Matrix plus_one = map(weight(module), [](double w) { return w + 1; });
      return layer_norm(x, plus_one, tensor(module + ".bias"), eps);
    }
    Matrix mlp(const Matrix& x) override {
      return project(map(project(x, "mlp.up_proj"), relu_squared), "mlp.down_proj");
    }
  };
  Json config = llama_config("nemotron", {{"norm_eps", 1e-5}, {"hidden_act", "relu2"}});
  config.erase("rms_norm_eps");
  TinyTensors tensors = with_biases(without(llama_tensors(), {"gate_proj"}), all_norms);
  for (TinyTensor& tensor : tensors) {
    if (tensor.shape.size() == 1) tensor.low = -(tensor.high = 0.3);
  }
  const TinyModel model(config, tensors);
  Reference reference(model);
  reference.periods = rope_periods(10000, 2);  // half of a head, unless the config says otherwise
  expect_reference(model, std::move(reference));
}

class OlmoReference : public LlamaReference {
 public:
  using LlamaReference::LlamaReference;
  Matrix norm(const Matrix& x, const std::string&) override { return layer_norm(x, {}, {}, eps); }
};

TEST(Olmo, NormsWithoutWeightsAndClippedProjections) {
  struct Reference : OlmoReference {
    using OlmoReference::OlmoReference;
    static Matrix clipped(const Matrix& x) {
      return map(x, [](double v) { return std::clamp(v, -0.5, 0.5); });
    }
    Matrix attention(const Matrix& x) override {
      return project(reference::attention(rope(clipped(project(x, "self_attn.q_proj")), 4, periods),
                                          rope(clipped(project(x, "self_attn.k_proj")), 2, periods),
                                          clipped(project(x, "self_attn.v_proj")),
                                          {.heads = 4, .key_value_heads = 2}),
                     "self_attn.o_proj");
    }
  };
  const TinyModel model(llama_config("olmo", {{"clip_qkv", 0.5}}),
                        without(llama_tensors(), all_norms));
  expect_reference(model, Reference(model));
}

TEST(Olmo, TheFormOfTheFirstReleases) {
  const Json config = {{"model_type", "hf_olmo"}, {"d_model", 16},
                       {"n_layers", 2},           {"n_heads", 4},
                       {"mlp_hidden_size", 48},   {"vocab_size", 30},
                       {"embedding_size", 32},    {"weight_tying", false}};
  const TinyModel model(config, in_layers(2, "model.transformer.blocks",
                                          {{"att_proj.weight", {48, 16}},
                                           {"attn_out.weight", {16, 16}},
                                           {"ff_proj.weight", {48, 16}},
                                           {"ff_out.weight", {16, 24}}}) +
                                    TinyTensors{{"model.transformer.wte.weight", {32, 16}},
                                                {"model.transformer.ff_out.weight", {32, 16}}});
  struct Reference : OlmoReference {
    using OlmoReference::OlmoReference;
    Matrix attention(const Matrix& x) override {
      const Matrix all = project(x, "att_proj");
      return project(reference::attention(rope(columns(all, 0, 16), 4, periods),
                                          rope(columns(all, 16, 32), 4, periods),
                                          columns(all, 32, 48), {.heads = 4, .key_value_heads = 4}),
                     "attn_out");
    }
    Matrix mlp(const Matrix& x) override {  // the gate is the second half
      const Matrix both = project(x, "ff_proj");
      return project(columns(both, 0, 24) * map(columns(both, 24, 48), silu), "ff_out");
    }
  };
  expect_reference(model, Reference(model, {{"model.layers", "model.transformer.blocks"},
                                            {"model.embed_tokens", "model.transformer.wte"},
                                            {"lm_head", "model.transformer.ff_out"}}));
}

TEST(Cohere, ParallelWithANormForEachHead) {
  struct Reference : LayerNormReference {
    using LayerNormReference::LayerNormReference;
    Matrix layer(const Matrix& x) override {
      const Matrix a = norm(x, "input_layernorm");
      return x + attention(a) + mlp(a);
    }
    Matrix turned(const Matrix& x, int count, const std::string& which) override {
      Matrix all = weight("self_attn." + which + "_norm");  // [heads, 4] as one row
      all.columns *= all.rows;
      all.rows = 1;
      return rope(layer_norm(x, {}, {}, eps, count) * repeated(all, x.rows), count, periods, true);
    }
    static Matrix repeated(const Matrix& row, int times) {
      Matrix out(times, row.columns);
      for (int r = 0; r < times; ++r) {
        for (int c = 0; c < row.columns; ++c) out(r, c) = row(0, c);
      }
      return out;
    }
    Matrix logits(const std::vector<int32_t>& tokens) override {
      return LayerNormReference::logits(tokens) * 0.25;
    }
  };
  const TinyTensors tensors =
      without(llama_tensors(), {"post_attention_layernorm", "lm_head"}) +
      in_layers(2, "model.layers",
                {{"self_attn.q_norm.weight", {4, 4}}, {"self_attn.k_norm.weight", {2, 4}}});
  const TinyModel model(
      llama_config("cohere",
                   {{"use_qk_norm", true}, {"logit_scale", 0.25}, {"tie_word_embeddings", true}}),
      tensors);
  Reference reference(model, {{"lm_head", "model.embed_tokens"}});
  reference.has_bias = false;
  expect_reference(model, std::move(reference));
}

}  // namespace
}  // namespace quern::tests
