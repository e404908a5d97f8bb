#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/config/rope_config.h"

namespace quern::models {

// What distinguishes one family of models from another, as data. A family fills this in from its
// config.json; Transformer is built from it. Names of weights are relative: a layer's module "x"
// with the norm "y" is found at LAYERS.i.y.weight, its projection "z" at LAYERS.i.x.z.weight.

struct NormSpec {
  enum class Kind {
    rms,
    rms_plus_one,  ///< the file holds the weight minus 1 (Gemma)
    layer,
  };

  Kind kind = Kind::rms;
  float eps = 1e-6f;
  bool bias = false;  ///< of layer norms

  bool operator==(const NormSpec&) const = default;
};

struct RopeSpec {
  RopeConfig config;
  int dims = 0;              ///< how many of a head's elements turn, from the first; even
  bool interleaved = false;  ///< pairs are neighbours, not halves
  int max_position_embeddings = 0;
};

struct AttentionSpec {
  int num_heads = 0;
  int num_key_value_heads = 0;
  int head_dim = 0;
  float scale = 0.0f;  ///< of the scores
  bool query_bias = false;
  bool key_bias = false;
  bool value_bias = false;
  bool output_bias = false;
  /// Normalisation of queries and keys before they turn: none, or ...
  enum class QueryKeyNorm { none, per_head, all_heads } query_key_norm = QueryKeyNorm::none;
  NormSpec norm;                 ///< its kind
  std::optional<RopeSpec> rope;  ///< none: this layer does not see positions
  std::optional<int> window;     ///< how many tokens a token sees, itself included; none: all

  std::string query = "q_proj", key = "k_proj", value = "v_proj", output = "o_proj";
  std::string query_norm = "q_norm", key_norm = "k_norm";
};

enum class Activation { silu, gelu, gelu_tanh };

struct MlpSpec {
  int intermediate_size = 0;
  Activation activation = Activation::silu;
  bool gated = true;  ///< down(activation(gate(x)) * up(x)), or else down(activation(up(x)))
  bool bias = false;

  std::string gate = "gate_proj", up = "up_proj", down = "down_proj";
};

/// x + mixer(x) and then x + feed_forward(x), with norms wherever they have a name. Norms before
/// make a pre-norm block, norms after a post-norm block, both a sandwich.
struct LayerSpec {
  std::variant<AttentionSpec> mixer;
  std::variant<MlpSpec> feed_forward;
  NormSpec norm;
  /// x + mixer(x) + feed_forward(x); both read mixer_pre_norm's result, unless
  /// feed_forward_pre_norm is named.
  bool parallel = false;
  float residual_scale = 1.0f;

  std::string mixer_name = "self_attn", feed_forward_name = "mlp";
  std::optional<std::string> mixer_pre_norm = "input_layernorm";
  std::optional<std::string> mixer_post_norm;
  std::optional<std::string> feed_forward_pre_norm = "post_attention_layernorm";
  std::optional<std::string> feed_forward_post_norm;
};

struct DecoderSpec {
  int hidden_size = 0;
  int vocab_size = 0;
  std::vector<LayerSpec> layers;
  NormSpec norm;  ///< before the head
  float embedding_scale = 1.0f;
  float logit_scale = 1.0f;

  std::optional<bool> tied_head;  ///< none: tied when the checkpoint has no head
  bool head_bias = false;

  std::string embedding_name = "model.embed_tokens";
  std::string layers_name = "model.layers";
  std::string norm_name = "model.norm";
  std::string head_name = "lm_head";

  /// Endings of names that published checkpoints hold and nothing needs.
  std::vector<std::string> ignored = {"rotary_emb.inv_freq"};
};

}  // namespace quern::models
