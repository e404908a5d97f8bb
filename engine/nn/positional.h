#pragma once

#include "engine/nn/module.h"

namespace quern::nn {

/// Rotary position embedding (Su et al. 2021): fast::rope.
class RoPE final : public Layer {
 public:
  explicit RoPE(int dims, bool traditional = false, float base = 10000.0f, float scale = 1.0f);
  array operator()(const array& x) override { return (*this)(x, 0); }
  /// x: [B, ..., T, D]; the first position is `offset`, an integer or an array of one or of B.
  array operator()(const array& x, int offset);
  array operator()(const array& x, const array& offset);

 private:
  int dims_;
  bool traditional_;
  float base_, scale_;
};

/// Sines and cosines of positions, at dims / 2 frequencies spaced evenly in their logarithm
/// (Vaswani et al. 2017). The frequencies are the state "_sigmas".
class SinusoidalPositionalEncoding final : public Layer {
 public:
  /// scale: sqrt(2 / dims) when none is given. full_turns: frequencies count turns, not radians.
  /// Throws std::invalid_argument unless dims is positive and even.
  explicit SinusoidalPositionalEncoding(int dims, float min_freq = 0.0001f, float max_freq = 1.0f,
                                        std::optional<float> scale = std::nullopt,
                                        bool cos_first = false, bool full_turns = false);
  /// x: positions of any shape -> [..., dims]
  array operator()(const array& x) override;

 private:
  Parameter sigmas_;
  float scale_;
  bool cos_first_;
};

/// Attention with linear biases (Press et al. 2022).
class ALiBi final : public Module {
 public:
  /// attention_scores [B, heads, T, S] plus the mask, if any, minus each head's slope times the
  /// distance between query i + offset and key j.
  array operator()(const array& attention_scores, int offset = 0,
                   const std::optional<array>& mask = std::nullopt);

  /// [1, heads, q_sequence_length - offset, k_sequence_length]
  static array create_alibi_matrix(int q_sequence_length, int k_sequence_length, int num_heads,
                                   int offset, Dtype dtype = float32);
  /// [heads, 1, 1]: powers of 2^(-8 / heads), or for a number of heads that is no power of two
  /// those of the next lower one, and between them every other of the next higher one's.
  static array create_alibi_slope(int num_heads, Dtype dtype = float32);
};

}  // namespace quern::nn
