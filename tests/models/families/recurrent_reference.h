#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/models/families/reference.h"
#include "tests/models/families/tiny_model.h"

namespace quern::tests::reference {

// Recurrent mixers token by token, and decoders made of them. Weights are those of a published
// checkpoint, found under the path of the module.

/// x @ PATH.weight^T, with PATH.bias if there is one.
Matrix project(const TinyModel& model, const std::string& path, const Matrix& x);

/// Channel by channel: tap k of [channels, kernel] sees the token kernel - 1 - k before. bias: may
/// be empty.
Matrix causal_conv(const Matrix& x, const Matrix& weight, const Matrix& bias);

/// in_proj (b, c, x), conv, out_proj.
Matrix short_conv(const TinyModel& model, const std::string& path, const Matrix& x);

struct DeltaSizes {
  int key_heads, value_heads, key_dim, value_dim;
};

/// in_proj_qkv, _z, _b and _a, or in_proj_qkvz and _ba, whose outputs come key head by key head.
Matrix gated_delta(const TinyModel& model, const std::string& path, const Matrix& x,
                   const DeltaSizes& sizes, double eps);

struct MambaSizes {
  int inner, state, rank;
};

/// norms: of steps, b and c before they are used.
Matrix mamba(const TinyModel& model, const std::string& path, const Matrix& x,
             const MambaSizes& sizes,
             const std::function<Matrix(const Matrix&, const std::string& which)>& norms = {});

struct Mamba2Sizes {
  int heads, head_dim, groups, state;
};

/// factors: what the outputs of in_proj are multiplied by, or empty. gated: the result's gate and
/// norm.
Matrix mamba2(const TinyModel& model, const std::string& path, const Matrix& x,
              const Mamba2Sizes& sizes,
              const std::function<Matrix(const Matrix& y, const Matrix& gate)>& gated,
              const std::vector<double>& factors = {}, double min_step = 0, double max_step = 1e30);

/// y * silu(gate).
Matrix open(const Matrix& y, const Matrix& gate);

/// q_proj, k_proj, v_proj and the projection that is called `output`, without biases.
struct HeadSizes {
  int heads, key_value_heads, head_dim;
};
/// turn: what happens to queries and keys.
Matrix attend(const TinyModel& model, const std::string& path, const Matrix& x,
              const HeadSizes& sizes,
              const std::function<Matrix(const Matrix&, int heads, bool query)>& turn = {},
              double scale = 0, const std::string& output = "o_proj");

/// down(silu(gate(x)) * up(x)), under the names that Llama has for the three.
Matrix mlp(const TinyModel& model, const std::string& path, const Matrix& x);

/// A layer: what it adds to x, from its path ("LAYERS.i.") and number.
using Change = std::function<Matrix(const Matrix& x, const std::string& layer, int i)>;

/// x + change(x) for each layer and each change in turn, a norm, the head (or the embedding).
struct Names {
  std::string embedding = "model.embed_tokens", layers = "model.layers", norm = "model.norm";
};
Matrix decode(const TinyModel& model, const std::vector<int32_t>& tokens, const Names& names,
              const std::vector<Change>& changes, double eps);

}  // namespace quern::tests::reference
