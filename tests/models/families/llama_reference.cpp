#include "tests/models/families/llama_reference.h"

#include <algorithm>

namespace quern::tests {

using namespace reference;

nlohmann::json llama_config(const std::string& model_type, const nlohmann::json& more) {
  nlohmann::json config = {{"model_type", model_type}, {"hidden_size", 16},
                           {"intermediate_size", 24},  {"num_hidden_layers", 2},
                           {"num_attention_heads", 4}, {"num_key_value_heads", 2},
                           {"vocab_size", 32},         {"rms_norm_eps", 1e-5},
                           {"rope_theta", 10000.0},    {"tie_word_embeddings", false},
                           {"attention_bias", false}};
  if (more.is_object()) config.update(more);
  return config;
}

TinyTensors llama_tensors(int layers) {
  return in_layers(layers, "model.layers",
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
                     {"lm_head.weight", {32, 16}}};
}

std::string renamed(std::string name, const Names& names) {
  for (const auto& [from, to] : names) {
    const size_t at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  }
  return name;
}

TinyTensors renamed(TinyTensors tensors, const Names& names) {
  for (TinyTensor& tensor : tensors) tensor.name = renamed(tensor.name, names);
  return tensors;
}

namespace {

bool contains_any(const std::string& name, const std::vector<std::string>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

}  // namespace

TinyTensors without(const TinyTensors& tensors, const std::vector<std::string>& parts) {
  TinyTensors out;
  for (const TinyTensor& tensor : tensors) {
    if (!contains_any(tensor.name, parts)) out.push_back(tensor);
  }
  return out;
}

TinyTensors with_biases(TinyTensors tensors, const std::vector<std::string>& parts) {
  TinyTensors biases;
  for (const TinyTensor& tensor : tensors) {
    if (!contains_any(tensor.name, parts)) continue;
    std::string name = tensor.name;
    name.replace(name.rfind("weight"), 6, "bias");
    biases.push_back({name, {tensor.shape[0]}});
  }
  return std::move(tensors) + biases;
}

bool LlamaReference::in_layer(const std::string& module) const {
  return !module.starts_with("model.") && !module.starts_with("lm_head");
}

std::string LlamaReference::path(const std::string& module) const {
  const std::string prefix = "model.layers." + std::to_string(layer_index) + ".";
  return renamed(in_layer(module) ? prefix + module : module, names_);
}

const Matrix& LlamaReference::tensor(const std::string& name) const { return model_(path(name)); }

const Matrix& LlamaReference::weight(const std::string& module) const {
  return tensor(module + ".weight");
}

Matrix LlamaReference::project(const Matrix& x, const std::string& module) const {
  const std::string bias = path(module + ".bias");
  return model_.has(bias) ? linear(x, weight(module), model_(bias)) : linear(x, weight(module));
}

Matrix LlamaReference::norm(const Matrix& x, const std::string& module) {
  return rms_norm(x, weight(module), eps);
}

Matrix LlamaReference::turned(const Matrix& x, int count, const std::string&) {
  return rope(x, count, periods, interleaved);
}

Matrix LlamaReference::attention(const Matrix& x) {
  AttentionOptions all = options;
  all.heads = heads;
  all.key_value_heads = key_value_heads;
  const Matrix mixed =
      reference::attention(turned(project(x, "self_attn.q_proj"), heads, "q"),
                           turned(project(x, "self_attn.k_proj"), key_value_heads, "k"),
                           project(x, "self_attn.v_proj"), all);
  return project(mixed, "self_attn.o_proj");
}

Matrix LlamaReference::mlp(const Matrix& x) {
  return project(map(project(x, "mlp.gate_proj"), activation) * project(x, "mlp.up_proj"),
                 "mlp.down_proj");
}

Matrix LlamaReference::layer(const Matrix& x) {
  const Matrix between = x + attention(norm(x, "input_layernorm"));
  return between + mlp(norm(between, "post_attention_layernorm"));
}

Matrix LlamaReference::logits(const std::vector<int32_t>& tokens) {
  Matrix x = embed(weight("model.embed_tokens"), tokens);
  for (layer_index = 0; layer_index < layers; ++layer_index) x = layer(x);
  return project(norm(x, "model.norm"), "lm_head");
}

void expect_reference(const TinyModel& model, LlamaReference&& reference,
                      const std::vector<std::string>& lost) {
  const std::vector<int32_t> tokens = model.tokens(24);
  expect_near(model.logits(tokens), reference.logits(tokens));
  expect_sound(model, lost);
}

}  // namespace quern::tests
