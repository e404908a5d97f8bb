// Quantized checkpoints as MLX writes them, against the floats that they stand for.

#include <gtest/gtest.h>

#include "engine/io/safetensors.h"
#include "engine/ops/quantized.h"
#include "models/decoder/load_decoder.h"
#include "tests/models/families/llama_reference.h"

namespace quern::tests {
namespace {

using Json = nlohmann::json;
using Tensors = std::unordered_map<std::string, array>;

struct Forms {
  Tensors quantized, floats;
};

/// Matrices in groups of 32, each with its own bits; the rest as it is.
template <typename Bits>
Forms quantize_all(const TinyTensors& tensors, Bits&& bits_of) {
  Forms forms;
  int seed = 0;
  for (const TinyTensor& tensor : tensors) {
    size_t size = 1;
    for (const int length : tensor.shape) size *= size_t(length);
    std::vector<float> values(size);
    for (float& value : values) value = float((++seed * 7919) % 1000) / 2500.0f - 0.2f;
    const array whole(values.begin(), tensor.shape, float32);
    if (tensor.shape.size() != 2) {
      forms.quantized.emplace(tensor.name, whole);
      forms.floats.emplace(tensor.name, whole);
      continue;
    }
    const std::string module = tensor.name.substr(0, tensor.name.rfind('.'));
    const int bits = bits_of(module);
    const std::vector<array> parts = quantize(whole, 32, bits);
    forms.quantized.emplace(tensor.name, parts[0]);
    forms.quantized.emplace(module + ".scales", parts[1]);
    forms.quantized.emplace(module + ".biases", parts[2]);
    forms.floats.emplace(tensor.name, dequantize(parts[0], parts[1], parts[2], 32, bits));
  }
  return forms;
}

reference::Matrix logits(const Json& config, const Tensors& tensors) {
  const ModelFolder folder;
  folder.write("config.json", config.dump());
  save_safetensors((folder.path() / "model.safetensors").string(), tensors);
  const models::ModelFiles files = models::ModelFiles::open(folder.path());
  const auto decoder = models::load_decoder(files.weights, files.spec, files.config.quantization,
                                            true, folder.path().string());
  return to_matrix(decoder->logits(array({3, 1, 4, 1, 5, 9, 2, 6}, Shape{1, 8}, int32)));
}

void expect_same(Json config, const Forms& forms) {
  const reference::Matrix quantized = logits(config, forms.quantized);
  config.erase("quantization");
  expect_near(quantized, logits(config, forms.floats), 1e-4);
}

TEST(Quantized, PositionsOfGpt2) {
  const TinyTensors tensors = with_biases(in_layers(1, "model.h",
                                                    {{"ln_1.weight", {32}},
                                                     {"ln_2.weight", {32}},
                                                     {"attn.c_attn.weight", {96, 32}},
                                                     {"attn.c_proj.weight", {32, 32}},
                                                     {"mlp.c_fc.weight", {128, 32}},
                                                     {"mlp.c_proj.weight", {32, 128}}}) +
                                              TinyTensors{{"model.ln_f.weight", {32}}},
                                          {""});
  const TinyTensors tables = {{"model.wte.weight", {32, 32}}, {"model.wpe.weight", {40, 32}}};
  const Json config = {{"model_type", "gpt2"},
                       {"n_embd", 32},
                       {"n_head", 4},
                       {"n_layer", 1},
                       {"n_positions", 40},
                       {"vocab_size", 32},
                       {"quantization", {{"group_size", 32}, {"bits", 8}}}};
  expect_same(config, quantize_all(tensors + tables, [](const std::string&) { return 8; }));
}

TEST(Quantized, ExceptionsInAMultimodalFile) {
  TinyTensors tensors = llama_tensors(1);
  for (TinyTensor& tensor : tensors) {
    for (int& length : tensor.shape) length *= 4;
  }
  const Names names = {{"model.", "language_model.model."}, {"lm_head", "language_model.lm_head"}};
  const std::string exception = "language_model.model.layers.0.mlp.down_proj";
  const Json config = {
      {"model_type", "mistral3"},
      {"text_config", llama_config("mistral", {{"hidden_size", 64},
                                               {"intermediate_size", 96},
                                               {"num_hidden_layers", 1},
                                               {"vocab_size", 128},
                                               {"sliding_window", nullptr}})},
      {"quantization",
       {{"group_size", 32}, {"bits", 4}, {exception, {{"group_size", 32}, {"bits", 8}}}}}};
  expect_same(config, quantize_all(renamed(tensors, names), [&](const std::string& module) {
                return module == exception ? 8 : 4;
              }));
}

}  // namespace
}  // namespace quern::tests
