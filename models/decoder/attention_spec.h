#pragma once

#include <optional>
#include <string>

#include "models/config/rope_config.h"
#include "models/decoder/norm_spec.h"
#include "models/decoder/part_sizes.h"

namespace quern::models {

struct RopeSpec {
  RopeConfig config;
  int dims = 0;              ///< how many of a head's elements turn, from the first; even
  bool interleaved = false;  ///< pairs are neighbours, not halves
  int max_position_embeddings = 0;
};

/// How queries grow with their position p, counted from 0, to keep attention sharp in long texts:
/// they are multiplied by 1 + scale * ln(1 + floor((p + shift) / length)).
struct QueryGrowth {
  float scale = 0.0f;
  float length = 1.0f;
  float shift = 0.0f;
};

/// Grouped-query attention. Fields that most families leave alone come after the common ones.
struct AttentionSpec {
  int num_heads = 0;
  int num_key_value_heads = 0;
  int head_dim = 0;
  float scale = 0.0f;  ///< of the scores
  bool query_bias = false;
  bool key_bias = false;
  bool value_bias = false;
  bool output_bias = false;
  std::optional<RopeSpec> rope;  ///< none: this layer does not see positions
  std::optional<int> window;     ///< how many tokens a token sees, itself included; none: all

  /// Normalisation of queries and keys: none, or over each head with one weight [head_dim] for all,
  /// or over each head with weights of its own [num_heads, head_dim], or over all heads together.
  enum class QueryKeyNorm {
    none,
    per_head,
    own_per_head,
    all_heads
  } query_key_norm = QueryKeyNorm::none;
  NormSpec norm;                 ///< its kind
  bool norm_after_rope = false;  ///< instead of before
  bool norms_values = false;     ///< an RMS norm without weights, over each head

  std::optional<int> chunk;            ///< a token sees only those with the same position / chunk
  std::optional<float> score_softcap;  ///< scores become cap * tanh(score / cap)
  bool sinks = false;        ///< one more score per head, which takes its share: SINKS [num_heads]
  bool output_gate = false;  ///< queries come with a gate for each head: out * sigmoid(gate)
  /// A norm of all heads together, before the output projection: its name.
  std::optional<std::string> output_norm;
  std::optional<float> clip;     ///< queries, keys and values as projected: to [-clip, clip]
  bool values_are_keys = false;  ///< there is no value projection
  std::optional<QueryGrowth> query_growth;
  /// Keys and values are those of an earlier layer: only queries are computed here.
  std::optional<int> attends_to_layer;
  bool lends = false;  ///< later layers attend to this one's

  std::string query = "q_proj", key = "k_proj", value = "v_proj", output = "o_proj";
  /// One projection for queries, keys and values, in this order, in place of the three.
  std::optional<std::string> fused;
  /// Its rows group by group: the queries that share a key, that key, its value.
  bool fused_by_group = false;
  std::string query_norm = "q_norm", key_norm = "k_norm", sinks_name = "sinks";

  PartSizes sizes() const;
};

}  // namespace quern::models
