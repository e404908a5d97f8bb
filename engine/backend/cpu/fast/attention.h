#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/backend/cpu/scratch.h"
#include "engine/primitives/fast.h"

namespace quern::cpu {

/// Where an attention's operands lie; elements of T are dense along the last axis.
template <typename T>
struct Attention {
  struct Operand {
    const T* data;
    int64_t batch_stride, head_stride, time_stride;

    const T* at(int64_t batch, int64_t head, int64_t time) const {
      return data + batch * batch_stride + head * head_stride + time * time_stride;
    }
  };

  Operand queries, keys, values;
  int64_t batches, query_heads, key_heads, query_times, key_times, width, value_width;
  float scale;
  bool causal;
  const void* mask;  ///< nullptr for none; bool or T
  bool mask_is_bool;
  int64_t mask_strides[4];  ///< 0 where it is broadcast
  const float* sinks;       ///< [query_heads], dense; nullptr for none
  T* out;                   ///< [batches, query_heads, query_times, value_width], dense

  int64_t heads_per_key() const { return query_heads / key_heads; }
};

/// The queries that read the same keys: `times` of them from `time` on, for every query head of a
/// key-value head. Row g * times + i is query time + i of the head's g-th query head.
struct QueryBlock {
  int64_t batch, key_head, time, times;
};

/// Softmax over keys that come in pieces: for each row the largest score so far, the sum of
/// exp(score - largest), and the values weighted with these.
class RunningSoftmax {
 public:
  RunningSoftmax(int64_t rows, int64_t value_width);

  /// Turns a row's n scores into their weights and makes its sums so far relative to the new
  /// largest.
  void add_scores(int64_t row, float* scores, int64_t n);

  float* weighted() {
    return weighted_.data();
  }  ///< [rows, value_width]: the caller adds the values
  const float* weighted() const { return weighted_.data(); }
  float largest(int64_t row) const { return largest_.data()[row]; }
  float sum(int64_t row) const { return sum_.data()[row]; }

 private:
  int64_t value_width_;
  Scratch<float> largest_, sum_, weighted_;
};

/// Sets or adds to n scores of a row (query `time` of `head`, keys from `key` on) what the mask
/// says.
template <typename T>
void mask_scores(const Attention<T>& a, int64_t batch, int64_t head, int64_t time, int64_t key,
                 int64_t n, float* scores);

/// The scaled queries of a block as float32 rows [heads_per_key * times, width].
template <typename T>
void load_queries(const Attention<T>& a, const QueryBlock& block, float* rows);

/// The weight of a score that the mask hides: finite, so that a row without any visible key
/// averages all.
inline constexpr float hidden_score = -3.40282347e38f;

/// The two ways to compute it: reading keys and values once for a few queries, and by blocks of
/// queries and keys for many. Both are right for all.
template <typename T>
void attend_few(const Attention<T>& a);
template <typename T>
void attend_many(const Attention<T>& a);

/// Rows of queries per key-value head up to which attend_few is the faster.
inline constexpr int64_t few_query_rows = 16;

// Rows of floats, on the calling thread.

/// Replaces x by exp(x - shift); returns the sum.
float exponentials(float* x, size_t n, float shift);
float largest_of(const float* x, size_t n);
void scale_row(float* x, size_t n, float factor);

/// sums[r * width + j] += over t of weights[r * weight_stride + t] * values[t * value_stride + j].
template <typename T>
void add_weighted_rows(const T* values, int64_t value_stride, size_t count, const float* weights,
                       size_t weight_stride, size_t rows, size_t width, float* sums);

}  // namespace quern::cpu
