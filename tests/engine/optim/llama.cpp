#include "tests/engine/optim/llama.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/fast.h"
#include "engine/ops/matmul.h"

namespace quern::tests {

using nlohmann::json;
using nn::Child;
using nn::Layer;

namespace {

std::shared_ptr<Layer> linear(int inputs, int outputs) {
  return std::make_shared<nn::Linear>(inputs, outputs, false);
}

int head_dim(const json& config) {
  return config.value(
      "head_dim", config.at("hidden_size").get<int>() / config["num_attention_heads"].get<int>());
}

std::shared_ptr<nn::RMSNorm> norm(int dims, const json& config) {
  return std::make_shared<nn::RMSNorm>(dims, config.at("rms_norm_eps").get<float>());
}

/// [outputs, inputs] of a linear layer, quantized or not.
Shape weight_shape(const Layer& layer) {
  if (const auto* q = dynamic_cast<const nn::QuantizedLinear*>(&layer)) {
    return {q->quantized.scales.shape(0), q->quantized.scales.shape(1) * q->quantized.group_size};
  }
  return dynamic_cast<const nn::Linear&>(layer).weight.shape();
}

}  // namespace

AdaptedLinear::AdaptedLinear(std::shared_ptr<Layer> linear, const Shape& weight_shape, int rank,
                             float scale, bool with_magnitude)
    : linear_(*this, "linear", std::move(linear)),
      lora_a_(*this, "lora_a", zeros({weight_shape[1], rank})),
      lora_b_(*this, "lora_b", zeros({rank, weight_shape[0]})),
      scale_(scale) {
  if (with_magnitude) m_.emplace(*this, "m", zeros({weight_shape[0]}));
}

array AdaptedLinear::operator()(const array& x) {
  const array y = linear_(x) + scale_ * matmul(matmul(x, lora_a_), lora_b_);
  if (!m_) return y;
  const array& weight = dynamic_cast<nn::Linear&>(*linear_).weight;
  const array adapted = weight + matmul(scale_ * transpose(lora_b_), transpose(lora_a_));
  return *m_ / stop_gradient(sqrt(sum(square(adapted), 1))) * y;
}

class Llama::Attention final : public nn::Module {
 public:
  explicit Attention(const json& config)
      : heads_(config.at("num_attention_heads")),
        kv_heads_(config.at("num_key_value_heads")),
        dims_(head_dim(config)),
        q_proj(*this, "q_proj", linear(config.at("hidden_size"), heads_ * dims_)),
        k_proj(*this, "k_proj", linear(config.at("hidden_size"), kv_heads_ * dims_)),
        v_proj(*this, "v_proj", linear(config.at("hidden_size"), kv_heads_ * dims_)),
        o_proj(*this, "o_proj", linear(heads_ * dims_, config.at("hidden_size"))),
        rope(*this, "rope",
             std::make_shared<nn::RoPE>(dims_, false, config.at("rope_theta").get<float>())) {
    if (config.at("model_type") != "qwen3") return;
    q_norm.emplace(*this, "q_norm", norm(dims_, config));
    k_norm.emplace(*this, "k_norm", norm(dims_, config));
  }

  array operator()(const array& x) {
    array q = unflatten(q_proj(x), -1, {heads_, dims_});
    array k = unflatten(k_proj(x), -1, {kv_heads_, dims_});
    const array v = unflatten(v_proj(x), -1, {kv_heads_, dims_});
    if (q_norm) {
      q = (*q_norm)(q);
      k = (*k_norm)(k);
    }
    const float scale = 1.0f / std::sqrt(float(dims_));
    const array y = fast::scaled_dot_product_attention(
        rope(swapaxes(q, 1, 2)), rope(swapaxes(k, 1, 2)), swapaxes(v, 1, 2), scale, "causal");
    return o_proj(flatten(swapaxes(y, 1, 2), -2, -1));
  }

 private:
  int heads_, kv_heads_, dims_;
  Child<Layer> q_proj, k_proj, v_proj, o_proj, rope;
  std::optional<Child<Layer>> q_norm, k_norm;
};

class Llama::Mlp final : public nn::Module {
 public:
  explicit Mlp(const json& config)
      : gate_proj(*this, "gate_proj",
                  linear(config.at("hidden_size"), config.at("intermediate_size"))),
        up_proj(*this, "up_proj", linear(config.at("hidden_size"), config.at("intermediate_size"))),
        down_proj(*this, "down_proj",
                  linear(config.at("intermediate_size"), config.at("hidden_size"))) {}

  array operator()(const array& x) { return down_proj(nn::silu(gate_proj(x)) * up_proj(x)); }

 private:
  Child<Layer> gate_proj, up_proj, down_proj;
};

class Llama::Block final : public nn::Module {
 public:
  explicit Block(const json& config)
      : self_attn(*this, "self_attn", std::make_shared<Attention>(config)),
        mlp(*this, "mlp", std::make_shared<Mlp>(config)),
        input_layernorm(*this, "input_layernorm", norm(config.at("hidden_size"), config)),
        post_attention_layernorm(*this, "post_attention_layernorm",
                                 norm(config.at("hidden_size"), config)) {}

  array operator()(const array& x) {
    const array attended = x + self_attn(input_layernorm(x));
    return attended + mlp(post_attention_layernorm(attended));
  }

 private:
  Child<Attention> self_attn;
  Child<Mlp> mlp;
  Child<Layer> input_layernorm, post_attention_layernorm;
};

class Llama::Decoder final : public nn::Module {
 public:
  explicit Decoder(const json& config)
      : embed_tokens(
            *this, "embed_tokens",
            std::make_shared<nn::Embedding>(config.at("vocab_size"), config.at("hidden_size"))),
        layers(*this, "layers"),
        norm(*this, "norm", tests::norm(config.at("hidden_size"), config)) {
    for (int i = 0; i < config.at("num_hidden_layers"); ++i) {
      layers.push_back(std::make_shared<Block>(config));
    }
  }

  array operator()(const array& tokens) {
    array x = embed_tokens(tokens);
    for (const auto& layer : layers) x = layer(x);
    return norm(x);
  }

  Child<nn::EmbeddingLayer> embed_tokens;
  nn::Children<Block> layers;
  Child<Layer> norm;
};

Llama::Llama(const json& config) : model_(*this, "model", std::make_shared<Decoder>(config)) {
  if (config.at("tie_word_embeddings")) return;
  lm_head_.emplace(*this, "lm_head", linear(config.at("hidden_size"), config.at("vocab_size")));
}

Llama::~Llama() = default;

array Llama::operator()(const array& tokens) {
  const array x = model_(tokens);
  return lm_head_ ? (*lm_head_)(x) : model_->embed_tokens->as_linear(x);
}

void Llama::adapt(const json& config) {
  freeze();
  const json& parameters = config.at("lora_parameters");
  const size_t blocks = model_->layers.size(), adapted = config.at("num_layers");
  std::map<std::string, std::shared_ptr<Module>> replacements;
  for (size_t i = blocks - adapted; i < blocks; ++i) {
    for (const auto& [name, place] : model_->layers[i].leaf_modules()) {
      auto* layer = dynamic_cast<Layer*>(place);
      const bool is_linear =
          dynamic_cast<nn::Linear*>(layer) || dynamic_cast<nn::QuantizedLinear*>(layer);
      const json keys = parameters.value("keys", json::array({name}));
      if (!is_linear || std::find(keys.begin(), keys.end(), name) == keys.end()) continue;
      replacements["model.layers." + std::to_string(i) + "." + name] =
          std::make_shared<AdaptedLinear>(
              std::dynamic_pointer_cast<Layer>(place->shared_from_this()), weight_shape(*layer),
              parameters.at("rank"), parameters.at("scale"), config.at("fine_tune_type") == "dora");
    }
  }
  update_modules(replacements);
}

}  // namespace quern::tests
