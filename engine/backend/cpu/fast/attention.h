#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/matmul/matrix.h"
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
  /// Whether attend_few is the faster way.
  bool has_few_queries() const { return heads_per_key() * query_times <= 16 || width == 0; }
  T* out_row(int64_t batch, int64_t head, int64_t time) const {
    return out + ((batch * query_heads + head) * query_times + time) * value_width;
  }
};

/// An attention's inputs, and where they lie.
template <typename T>
class AttentionInputs {
 public:
  /// in: queries, keys, values, then mask and sinks where there are.
  AttentionInputs(const Arrays& in, float scale, bool causal, bool has_mask, bool has_sinks);

  Attention<T> view{};  ///< all but `out`

 private:
  array queries_, keys_, values_;
  std::optional<array> mask_, sinks_;
};

/// a itself when its last axis is dense, however the others lie.
array with_dense_rows(const array& a);

/// a [B, H, T, D], its last axis dense.
template <typename T>
typename Attention<T>::Operand operand_of(const array& a) {
  return {a.data<T>(), a.strides()[0], a.strides()[1], a.strides()[2]};
}

/// The queries that read the same keys: `times` of them from `time` on, for every query head of a
/// key-value head. Row g * times + i is query time + i of the head's g-th query head.
struct QueryBlock {
  int64_t batch, key_head, time, times;
};

/// Softmax over keys that come in pieces: for each row the largest score so far, the sum of
/// exp(score - largest), and the values weighted with these.
struct RunningSums {
  float* largest;   ///< [rows]
  float* sum;       ///< [rows]
  float* weighted;  ///< [rows, width]
  int64_t width;
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
/// queries and keys for many. Both are right for all. Several with few queries, which differ in
/// their number of keys only, are computed at a time.
template <typename T>
void attend_few(const std::vector<Attention<T>>& all);
template <typename T>
void attend_many(const Attention<T>& a);

/// For each row [batches, query_heads, query_times] its largest score, the sink's included, and the
/// sum of exp(score - largest). Reads neither values nor `out`.
template <typename T>
void find_row_sums(const Attention<T>& a, float* largest, float* sum);

/// Keys whose scores attend_few holds at a time. While these are computed, the rows of as many more
/// come to the second-level cache.
inline constexpr int64_t few_keys = 128;

// Rows of floats, on the calling thread.

/// Replaces x by exp(x - shift), by 0 where that is below 1e-38; returns the sum.
float exponentials(float* x, size_t n, float shift);
void scale_row(float* x, size_t n, float factor);

}  // namespace quern::cpu
