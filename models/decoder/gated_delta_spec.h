#pragma once

#include "models/decoder/part_sizes.h"

namespace quern::models {

/// A gated delta net (Yang, Kautz & Hatamizadeh 2024) as in Qwen3-Next: a short convolution over
/// queries, keys and values, the gated delta rule, a norm over each head and a gate.
struct GatedDeltaSpec {
  int num_key_heads = 0;
  int num_value_heads = 0;  ///< a multiple of the key heads
  int key_head_dim = 0;
  int value_head_dim = 0;
  int kernel = 4;
  float norm_eps = 1e-6f;
  /// Two projections, in_proj_qkvz and in_proj_ba, whose outputs come key head by key head: its
  /// query, its key, the values and the gates of its value heads; their rates and their decays.
  /// Otherwise four: in_proj_qkv (all queries, all keys, all values), in_proj_z, in_proj_b,
  /// in_proj_a.
  bool by_key_head = false;

  int key_size() const { return num_key_heads * key_head_dim; }
  int value_size() const { return num_value_heads * value_head_dim; }
  int conv_channels() const { return 2 * key_size() + value_size(); }

  PartSizes sizes() const;
};

}  // namespace quern::models
