#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/models/families/tiny_model.h"

namespace quern::tests::tiny_hybrid {

// Tiny models some of whose layers are recurrent: what they have in common.

constexpr int hidden = 16, vocab = 32;
constexpr double eps = 1e-5;
/// Tokens of more than one chunk.
constexpr int many = 75;

/// The tensors of one layer: LAYERS.i.NAME.
inline TinyTensors at_layer(int i, const TinyTensors& tensors,
                            const std::string& layers = "model.layers") {
  TinyTensors out;
  for (TinyTensor tensor : tensors) {
    tensor.name = layers + "." + std::to_string(i) + "." + tensor.name;
    out.push_back(tensor);
  }
  return out;
}

/// The config of all of them, with what only one has.
inline nlohmann::json config_of(const char* model_type, int layers, const nlohmann::json& own) {
  nlohmann::json config = {{"model_type", model_type},    {"hidden_size", hidden},
                           {"vocab_size", vocab},         {"num_hidden_layers", layers},
                           {"intermediate_size", 24},     {"num_attention_heads", 4},
                           {"num_key_value_heads", 2},    {"head_dim", 4},
                           {"rms_norm_eps", eps},         {"rope_theta", 500.0},
                           {"tie_word_embeddings", false}};
  config.update(own);
  return config;
}

inline TinyTensors attention_of(const std::string& path, int query_size = 16) {
  return {{path + ".q_proj.weight", {query_size, hidden}},
          {path + ".k_proj.weight", {8, hidden}},
          {path + ".v_proj.weight", {8, hidden}},
          {path + ".o_proj.weight", {hidden, 16}}};
}

inline TinyTensors mlp_of(const std::string& path, int size) {
  return {{path + ".gate_proj.weight", {size, hidden}},
          {path + ".up_proj.weight", {size, hidden}},
          {path + ".down_proj.weight", {hidden, size}}};
}

}  // namespace quern::tests::tiny_hybrid
