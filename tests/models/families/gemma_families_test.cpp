// Gemma 2 and 3, where the fixtures do not reach: windows, nested configs, multimodal files,
// halves.

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/cast.h"
#include "models/decoder/layer.h"
#include "tests/models/families/llama_reference.h"

namespace quern::tests {
namespace {

using namespace reference;
using Json = nlohmann::json;

TinyTensors gemma_tensors(int layers, bool normalised) {
  TinyTensors in_layer = {{"pre_feedforward_layernorm.weight", {16}},
                          {"post_feedforward_layernorm.weight", {16}}};
  if (normalised) {
    in_layer =
        in_layer + TinyTensors{{"self_attn.q_norm.weight", {4}}, {"self_attn.k_norm.weight", {4}}};
  }
  TinyTensors all =
      without(llama_tensors(layers), {"lm_head"}) + in_layers(layers, "model.layers", in_layer);
  for (TinyTensor& tensor : all) {
    if (tensor.shape.size() == 1) tensor.low = -(tensor.high = 0.4);
  }
  return all;
}

/// Weights of norms are stored minus 1; embeddings are multiplied by 4, the root of hidden_size.
class GemmaReference : public LlamaReference {
 public:
  explicit GemmaReference(const TinyModel& model, Names names = {})
      : LlamaReference(model, std::move(names)) {
    activation = gelu_tanh;
    options.scale = 0.25;  // query_pre_attn_scalar is 16
  }
  Matrix plus_one(const std::string& module) const {
    return map(weight(module), [](double w) { return w + 1; });
  }
  Matrix norm(const Matrix& x, const std::string& module) override {
    return rms_norm(x, plus_one(module), eps);
  }
  Matrix layer(const Matrix& x) override {
    const Matrix between =
        x + norm(attention(norm(x, "input_layernorm")), "post_attention_layernorm");
    return between +
           norm(mlp(norm(between, "pre_feedforward_layernorm")), "post_feedforward_layernorm");
  }
  Matrix logits(const std::vector<int32_t>& tokens) override {
    Matrix x = embed(weight("model.embed_tokens"), tokens) * 4;
    for (layer_index = 0; layer_index < layers; ++layer_index) x = layer(x);
    const Matrix logits = linear(norm(x, "model.norm"), weight("model.embed_tokens"));
    return cap ? map(logits, [&](double v) { return *cap * std::tanh(v / *cap); }) : logits;
  }

  std::optional<double> cap;
};

TEST(Gemma2, EveryOtherLayerSlidesAndScoresAreCapped) {
  struct Reference : GemmaReference {
    using GemmaReference::GemmaReference;
    Matrix layer(const Matrix& x) override {
      options.sees = layer_index == 0 ? within(5) : nullptr;
      return GemmaReference::layer(x);
    }
  };
  const TinyModel model(llama_config("gemma2", {{"sliding_window", 5},
                                                {"head_dim", 4},
                                                {"query_pre_attn_scalar", 16},
                                                {"attn_logit_softcapping", 0.5},
                                                {"final_logit_softcapping", 2.0},
                                                {"hidden_activation", "gelu_pytorch_tanh"},
                                                {"tie_word_embeddings", true}}),
                        gemma_tensors(2, false));
  Reference reference(model);
  reference.options.softcap = 0.5;
  reference.cap = 2.0;
  expect_reference(model, std::move(reference));
}

struct Gemma3Reference : GemmaReference {
  using GemmaReference::GemmaReference;
  Matrix turned(const Matrix& x, int count, const std::string& which) override {
    return rope(rms_norm(x, plus_one("self_attn." + which + "_norm"), eps, count), count, periods);
  }
  Matrix layer(const Matrix& x) override {  // two sliding ones, then one that is stretched
    const bool slides = layer_index < 2;
    periods = rope_periods(slides ? 500 : 20000, 4);
    if (!slides) {
      for (double& period : periods) period *= 8;
    }
    options.sees = slides ? within(5) : nullptr;
    return GemmaReference::layer(x);
  }
};

Json gemma3_config(const Json& more) {
  Json config = llama_config("gemma3_text", {{"num_hidden_layers", 3},
                                             {"sliding_window", 5},
                                             {"head_dim", 4},
                                             {"query_pre_attn_scalar", 16}});
  config.erase("rope_theta");
  config.erase("tie_word_embeddings");
  config.update(more);
  return config;
}

const Json older_keys = {{"sliding_window_pattern", 3},
                         {"rope_theta", 20000.0},
                         {"rope_local_base_freq", 500.0},
                         {"rope_scaling", {{"rope_type", "linear"}, {"factor", 8.0}}}};

TEST(Gemma3, SlidingLayersHavePositionsOfTheirOwn) {
  const Json newer_keys = {
      {"layer_types", {"sliding_attention", "sliding_attention", "full_attention"}},
      {"rope_parameters",
       {{"full_attention", {{"rope_type", "linear"}, {"factor", 8.0}, {"rope_theta", 2e4}}},
        {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 500.0}}}}}};
  for (const Json& keys : {older_keys, newer_keys}) {
    const TinyModel model(gemma3_config(keys), gemma_tensors(3, true));
    Gemma3Reference reference(model);
    reference.layers = 3;
    expect_reference(model, std::move(reference));
  }
}

TEST(Gemma3, TheTextPartOfAMultimodalFile) {
  Json text = gemma3_config(older_keys);
  for (const char* key : {"num_attention_heads", "num_key_value_heads"}) text.erase(key);
  // The published default of 8 heads and 4 keys: 32 and 16 rows of them.
  const Json config = {{"model_type", "gemma3"}, {"text_config", text}, {"vision_config", {{}}}};
  TinyTensors tensors = gemma_tensors(3, true);
  for (TinyTensor& tensor : tensors) {
    for (const char* name : {"q_proj", "k_proj", "v_proj"}) {
      if (tensor.name.find(name) != std::string::npos) tensor.shape[0] *= 2;
    }
    if (tensor.name.find("o_proj") != std::string::npos) tensor.shape[1] *= 2;
  }
  const Names names = {{"model.", "language_model.model."}};
  const TinyModel model(
      config, renamed(tensors, names) + TinyTensors{{"vision_tower.patch.weight", {3, 4}},
                                                    {"multi_modal_projector.weight", {3, 4}}});
  Gemma3Reference reference(model, names);
  reference.layers = 3;
  reference.heads = 8;
  reference.key_value_heads = 4;
  const std::vector<int32_t> tokens = model.tokens(24);
  expect_near(model.logits(tokens), reference.logits(tokens));
}

TEST(Gemma3, HalvesEndAtTheirLargestValue) {
  models::LayerSpec spec;
  spec.feed_forward = models::MlpSpec{
      .intermediate_size = 2, .activation = models::Activation::relu, .gated = false};
  spec.feed_forward_pre_norm.reset();
  const float ones[] = {1, 0, 0, 1};
  const array identity(std::begin(ones), {2, 2}, float16);
  const models::Weights weights = {{"layer.mlp.up_proj.weight", identity},
                                   {"layer.mlp.down_proj.weight", identity}};
  const auto twice = [&](bool clips) {
    spec.clips_residual = clips;
    models::WeightReader reader(weights, {}, float16, "test");
    const models::Layer layer(reader, "layer", spec, 2);
    models::Step step({{nullptr, 1}});
    const float values[] = {40000, 3};
    return to_matrix(astype(layer(array(std::begin(values), {1, 1, 2}, float16), step), float32));
  };
  EXPECT_EQ(twice(true).values, (std::vector<double>{65504, 6}));
  EXPECT_EQ(twice(false).values, (std::vector<double>{INFINITY, 6}));
}

TEST(TextPart, WrappersRunTheirTextModel) {
  for (const char* wrapper : {"llava", "mistral3", "some_new_wrapper"}) {
    const Json config = {{"model_type", wrapper},
                         {"text_config", llama_config("mistral", {{"sliding_window", nullptr}})},
                         {"vision_config", {{}}}};
    for (const char* prefix : {"language_model.", "model.language_model."}) {
      const bool newer = std::string(prefix).starts_with("model");
      const Names names = {{"model.", newer ? "model.language_model." : "language_model.model."},
                           {newer ? "-" : "lm_head", "language_model.lm_head"}};
      const TinyModel model(
          config, renamed(llama_tensors(), names) +
                      TinyTensors{{"vision_tower.patch.weight", {3, 4}}, {"image_newline", {4}}});
      const std::vector<int32_t> tokens = model.tokens(24);
      expect_near(model.logits(tokens), LlamaReference(model, names).logits(tokens));
    }
  }
}

}  // namespace
}  // namespace quern::tests
