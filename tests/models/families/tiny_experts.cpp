#include "tests/models/families/tiny_experts.h"

namespace quern::tests {

using namespace reference;
using namespace tiny;

nlohmann::json tiny_config(const char* model_type, const nlohmann::json& own) {
  nlohmann::json config = {{"model_type", model_type},     {"hidden_size", hidden},
                           {"intermediate_size", 24},      {"num_hidden_layers", 3},
                           {"num_attention_heads", heads}, {"num_key_value_heads", key_heads},
                           {"vocab_size", vocab},          {"rms_norm_eps", 1e-5},
                           {"rope_theta", 500.0},          {"tie_word_embeddings", false},
                           {"num_experts_per_tok", 2}};
  config.update(own);
  return config;
}

TinyTensors tiny_ends() {
  return {{"model.embed_tokens.weight", {vocab, hidden}},
          {"model.norm.weight", {hidden}},
          {"lm_head.weight", {vocab, hidden}}};
}

TinyTensors tiny_attention() {
  return {{"input_layernorm.weight", {hidden}},
          {"post_attention_layernorm.weight", {hidden}},
          {"self_attn.q_proj.weight", {hidden, hidden}},
          {"self_attn.k_proj.weight", {key_heads * head_dim, hidden}},
          {"self_attn.v_proj.weight", {key_heads * head_dim, hidden}},
          {"self_attn.o_proj.weight", {hidden, hidden}}};
}

TinyTensors tiny_query_key_value_biases() {
  return {{"self_attn.q_proj.bias", {hidden}},
          {"self_attn.k_proj.bias", {key_heads * head_dim}},
          {"self_attn.v_proj.bias", {key_heads * head_dim}}};
}

TinyTensors tiny_mlp(const std::string& path, int size) {
  return {{path + ".gate_proj.weight", {size, hidden}},
          {path + ".up_proj.weight", {size, hidden}},
          {path + ".down_proj.weight", {hidden, size}}};
}

TinyTensors tiny_experts(const std::string& path, int size, const ProjectionNames& names) {
  TinyTensors out;
  for (int e = 0; e < experts; ++e) {
    const std::string expert = path + "." + std::to_string(e) + ".";
    out = out + TinyTensors{{expert + names[0] + ".weight", {size, hidden}},
                            {expert + names[1] + ".weight", {size, hidden}},
                            {expert + names[2] + ".weight", {hidden, size}}};
  }
  return out;
}

Matrix attend(const Network& net, const Matrix& x, const std::string& layer,
              const std::function<Matrix(const Matrix&, const char*)>& change,
              AttentionOptions options, bool interleaved, int turning) {
  const std::vector<double> periods = rope_periods(500, turning);
  const auto turned = [&](const char* name, const char* norm, int count) {
    const Matrix all = net.project(x, layer + "self_attn." + name);
    const Matrix changed = change ? change(all, norm) : all;
    Matrix out(x.rows, 0);
    for (int h = 0; h < count; ++h) {
      const int begin = h * head_dim, middle = begin + turning, end = begin + head_dim;
      const Matrix first = rope(columns(changed, begin, middle), 1, periods, interleaved);
      out = beside(out, middle < end ? beside(first, columns(changed, middle, end)) : first);
    }
    return out;
  };
  options.heads = heads;
  options.key_value_heads = key_heads;
  return net.project(
      attention(turned("q_proj", "q_norm", heads), turned("k_proj", "k_norm", key_heads),
                net.project(x, layer + "self_attn.v_proj"), options),
      layer + "self_attn.o_proj");
}

Matrix experts_of(const Network& net, const Matrix& x, const std::string& path,
                  const ProjectionNames& names, const RouteOf& route) {
  return mixture(x, net.project(x, path + ".gate"), route, [&](const Matrix& token, int e) {
    const std::string expert = path + ".experts." + std::to_string(e) + ".";
    const auto weight = [&](size_t i) { return net.model(expert + names[i] + ".weight"); };
    return swiglu(token, weight(0), weight(1), weight(2));
  });
}

void expect_as(const Network& net, const std::vector<std::string>& lost) {
  const std::vector<int32_t> tokens = net.model.tokens(20);
  expect_near(net.model.logits(tokens), net.logits(tokens));
  expect_sound(net.model, lost);
}

}  // namespace quern::tests
