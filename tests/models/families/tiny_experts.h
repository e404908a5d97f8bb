#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "tests/models/families/sparse_reference.h"
#include "tests/models/families/tiny_model.h"

namespace quern::tests {

// Tiny models with experts: their sizes, tensors and usual halves of a layer.

namespace tiny {

constexpr int hidden = 16, heads = 4, key_heads = 2, head_dim = 4, vocab = 32, experts = 6;

}  // namespace tiny

/// Llama's keys for the sizes above, three layers and two experts per token, and those of `own`.
nlohmann::json tiny_config(const char* model_type, const nlohmann::json& own);

/// Embedding, last norm and head.
TinyTensors tiny_ends();
/// A layer's norms and four projections.
TinyTensors tiny_attention();
TinyTensors tiny_query_key_value_biases();
TinyTensors tiny_mlp(const std::string& path, int size);

/// What published files call gate, up and down.
using ProjectionNames = std::array<const char*, 3>;
constexpr ProjectionNames projections = {"gate_proj", "up_proj", "down_proj"};
constexpr ProjectionNames numbered = {"w1", "w3", "w2"};

/// PATH.0.gate_proj.weight and so on, for each expert.
TinyTensors tiny_experts(const std::string& path, int size, const ProjectionNames& names);

using RouteOf = std::function<reference::Route(const std::vector<double>& logits)>;

/// Attention with rotary positions, base 500; change: what happens to queries and keys before they
/// turn.
reference::Matrix attend(
    const reference::Network& net, const reference::Matrix& x, const std::string& layer,
    const std::function<reference::Matrix(const reference::Matrix&, const char* norm)>& change = {},
    reference::AttentionOptions options = {}, bool interleaved = false,
    int turning = tiny::head_dim);

/// The mixture at PATH, published one expert after another.
reference::Matrix experts_of(const reference::Network& net, const reference::Matrix& x,
                             const std::string& path, const ProjectionNames& names,
                             const RouteOf& route);

/// Logits as the network has them, and expect_sound.
void expect_as(const reference::Network& net, const std::vector<std::string>& lost = {});

}  // namespace quern::tests
