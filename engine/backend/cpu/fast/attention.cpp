#include "engine/backend/cpu/fast/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/matmul/dot_rows.h"
#include "engine/backend/cpu/matmul/float_gemm.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// out = weighted / sum, where the sums come from several ranges of keys and the sink adds to them.
template <typename T>
void store_row(const Attention<T>& a, const QueryBlock& block, int64_t row,
               const RunningSoftmax* const* parts, size_t count, float* scratch) {
  const int64_t head = block.key_head * a.heads_per_key() + row / block.times;
  float largest = a.sinks ? a.sinks[head] : -infinity;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, parts[i]->largest(row));
  // Only -inf everywhere: the sums are 0 and the result NaN, as 0 / 0 is.
  if (largest == -infinity) largest = 0;
  float sum = a.sinks ? std::exp(a.sinks[head] - largest) : 0;
  std::fill_n(scratch, a.value_width, 0.0f);
  for (size_t i = 0; i < count; ++i) {
    const float factor = std::exp(parts[i]->largest(row) - largest);
    const float* weighted = parts[i]->weighted() + row * a.value_width;
    sum += factor * parts[i]->sum(row);
    for (int64_t j = 0; j < a.value_width; ++j) scratch[j] += factor * weighted[j];
  }
  scale_row(scratch, size_t(a.value_width), 1 / sum);
  const int64_t time = block.time + row % block.times;
  narrow(scratch,
         a.out + ((block.batch * a.query_heads + head) * a.query_times + time) * a.value_width,
         size_t(a.value_width));
}

}  // namespace

RunningSoftmax::RunningSoftmax(int64_t rows, int64_t value_width)
    : value_width_(value_width),
      largest_(size_t(rows)),
      sum_(size_t(rows)),
      weighted_(size_t(rows * value_width)) {
  std::fill_n(largest_.data(), rows, -infinity);
  std::fill_n(sum_.data(), rows, 0.0f);
  std::fill_n(weighted_.data(), rows * value_width, 0.0f);
}

void RunningSoftmax::add_scores(int64_t row, float* scores, int64_t n) {
  float& largest = largest_.data()[row];
  float& sum = sum_.data()[row];
  const float here = largest_of(scores, size_t(n));
  if (!(here <= largest)) {
    if (largest != -infinity) {
      const float factor = std::exp(largest - here);
      sum *= factor;
      scale_row(weighted() + row * value_width_, size_t(value_width_), factor);
    }
    largest = here;
  }
  sum += exponentials(scores, size_t(n), largest == -infinity ? 0 : largest);
}

template <typename T>
void mask_scores(const Attention<T>& a, int64_t batch, int64_t head, int64_t time, int64_t key,
                 int64_t n, float* scores) {
  if (a.causal) {
    const int64_t visible = std::clamp<int64_t>(time + a.key_times - a.query_times + 1 - key, 0, n);
    std::fill(scores + visible, scores + n, hidden_score);
  }
  if (a.mask == nullptr) return;
  const int64_t start = batch * a.mask_strides[0] + head * a.mask_strides[1] +
                        time * a.mask_strides[2] + key * a.mask_strides[3];
  const int64_t stride = a.mask_strides[3];
  if (a.mask_is_bool) {
    const bool* mask = static_cast<const bool*>(a.mask) + start;
    for (int64_t t = 0; t < n; ++t) scores[t] = mask[t * stride] ? scores[t] : hidden_score;
  } else {
    const T* mask = static_cast<const T*>(a.mask) + start;
    for (int64_t t = 0; t < n; ++t) scores[t] += float(mask[t * stride]);
  }
}

template <typename T>
void soften(const Attention<T>& a, const QueryBlock& block, int64_t key, int64_t n, float* scores,
            int64_t stride, RunningSoftmax& softmax) {
  for (int64_t g = 0; g < a.heads_per_key(); ++g) {
    for (int64_t i = 0; i < block.times; ++i) {
      const int64_t row = g * block.times + i;
      mask_scores(a, block.batch, block.key_head * a.heads_per_key() + g, block.time + i, key, n,
                  scores + row * stride);
      softmax.add_scores(row, scores + row * stride, n);
    }
  }
}

template <typename T>
void load_queries(const Attention<T>& a, const QueryBlock& block, float* rows) {
  for (int64_t g = 0; g < a.heads_per_key(); ++g) {
    for (int64_t i = 0; i < block.times; ++i) {
      float* row = rows + (g * block.times + i) * a.width;
      widen(a.queries.at(block.batch, block.key_head * a.heads_per_key() + g, block.time + i), row,
            size_t(a.width));
      scale_row(row, size_t(a.width), a.scale);
    }
  }
}

template <typename T>
void attend_few(const Attention<T>& a) {
  const int64_t rows = a.heads_per_key() * a.query_times, heads = a.batches * a.key_heads;
  // Long caches are cut so that every thread has keys to read even for few heads.
  const int64_t wanted = divide_up(2 * ThreadPool::instance().size(), heads);
  const int64_t splits = std::max<int64_t>(1, std::min(wanted, divide_up(a.key_times, key_block)));
  const int64_t split_keys = divide_up(divide_up(a.key_times, splits), key_block) * key_block;
  std::vector<std::optional<RunningSoftmax>> parts(size_t(heads * splits));
  const int64_t work = rows * std::min(split_keys, a.key_times) * (a.width + a.value_width);
  const int64_t grain = std::max<int64_t>(1, (int64_t(1) << 16) / std::max<int64_t>(1, work));
  parallel_for(parts.size(), size_t(grain), [&](size_t begin, size_t end) {
    Scratch<float> queries(size_t(rows * a.width)), scores(size_t(rows * key_block));
    for (size_t part = begin; part < end; ++part) {
      const int64_t head = int64_t(part) / splits, first = int64_t(part) % splits * split_keys;
      const QueryBlock block{head / a.key_heads, head % a.key_heads, 0, a.query_times};
      RunningSoftmax& softmax = parts[part].emplace(rows, a.value_width);
      load_queries(a, block, queries.data());
      const int64_t last = std::min(first + split_keys, a.key_times);
      for (int64_t key = first; key < last; key += key_block) {
        const int64_t n = std::min(key_block, last - key);
        dot_rows(a.keys.at(block.batch, block.key_head, key), a.keys.time_stride, size_t(n),
                 queries.data(), size_t(rows), size_t(a.width), scores.data(), size_t(key_block));
        soften(a, block, key, n, scores.data(), key_block, softmax);
        add_weighted_rows(a.values.at(block.batch, block.key_head, key), a.values.time_stride,
                          size_t(n), scores.data(), size_t(key_block), size_t(rows),
                          size_t(a.value_width), softmax.weighted());
      }
    }
  });
  parallel_for(size_t(heads), size_t(1 + 8192 / (rows * a.value_width * splits)),
               [&](size_t begin, size_t end) {
                 Scratch<float> scratch(size_t(a.value_width));
                 std::vector<const RunningSoftmax*> of_head(static_cast<size_t>(splits));
                 for (auto head = int64_t(begin); head < int64_t(end); ++head) {
                   for (size_t i = 0; i < of_head.size(); ++i)
                     of_head[i] = &*parts[size_t(head * splits) + i];
                   const QueryBlock block{head / a.key_heads, head % a.key_heads, 0, a.query_times};
                   for (int64_t row = 0; row < rows; ++row) {
                     store_row(a, block, row, of_head.data(), of_head.size(), scratch.data());
                   }
                 }
               });
}

template <typename T>
void attend_many(const Attention<T>& a) {
  const int64_t times = block_times(a);
  const int64_t blocks = divide_up(a.query_times, times), rows = a.heads_per_key() * times;
  parallel_for(size_t(a.batches * a.key_heads * blocks), 1, [&](size_t begin, size_t end) {
    Scratch<float> queries(size_t(rows * a.width)), scores(size_t(rows * key_block));
    const int64_t most_width = std::max(a.width, a.value_width);
    Scratch<float> operand(size_t(key_block * most_width));
    Scratch<float> packed_queries(packed_rows_size(rows, a.width)),
        packed_weights(packed_rows_size(rows, key_block));
    Scratch<float> packed(std::max(packed_columns_size(a.width, key_block),
                                   packed_columns_size(key_block, a.value_width)));
    for (size_t index = begin; index < end; ++index) {
      const int64_t head = int64_t(index) / blocks;
      QueryBlock block{head / a.key_heads, head % a.key_heads, int64_t(index) % blocks * times, 0};
      block.times = std::min(times, a.query_times - block.time);
      const int64_t block_rows = a.heads_per_key() * block.times;
      RunningSoftmax softmax(block_rows, a.value_width);
      load_queries(a, block, queries.data());
      pack_rows({queries.data(), block_rows, a.width, a.width, 1}, packed_queries.data());
      // Keys that no query sees are left out, unless a query sees none at all and averages them
      // all.
      const int64_t first_visible = block.time + a.key_times - a.query_times + 1;
      const int64_t keys = a.causal && first_visible > 0
                               ? std::min(a.key_times, first_visible + block.times - 1)
                               : a.key_times;
      for (int64_t key = 0; key < keys; key += key_block) {
        const int64_t n = std::min(key_block, keys - key);
        const Matrix<float> k = float_rows(a.keys.at(block.batch, block.key_head, key),
                                           a.keys.time_stride, n, a.width, operand.data());
        pack_columns(k.transposed(), packed.data());
        multiply_packed(packed_queries.data(), block_rows, packed.data(), n, a.width, {},
                        scores.data(), key_block);
        soften(a, block, key, n, scores.data(), key_block, softmax);
        const Matrix<float> v = float_rows(a.values.at(block.batch, block.key_head, key),
                                           a.values.time_stride, n, a.value_width, operand.data());
        pack_columns(v, packed.data());
        pack_rows({scores.data(), block_rows, n, key_block, 1}, packed_weights.data());
        multiply_packed(packed_weights.data(), block_rows, packed.data(), a.value_width, n,
                        {softmax.weighted(), a.value_width}, softmax.weighted(), a.value_width);
      }
      const RunningSoftmax* part = &softmax;
      for (int64_t row = 0; row < block_rows; ++row) {
        store_row(a, block, row, &part, 1, operand.data());
      }
    }
  });
}

array with_dense_rows(const array& a) {
  return a.shape(-1) <= 1 || a.strides().back() == 1 ? a : row_contiguous(a);
}

template <typename T>
AttentionInputs<T>::AttentionInputs(const Arrays& in, float scale, bool causal, bool has_mask,
                                    bool has_sinks)
    : queries_(with_dense_rows(in[0])),
      keys_(with_dense_rows(in[1])),
      values_(with_dense_rows(in[2])) {
  view.queries = operand_of<T>(queries_);
  view.keys = operand_of<T>(keys_);
  view.values = operand_of<T>(values_);
  view.batches = queries_.shape(0);
  view.query_heads = queries_.shape(1);
  view.key_heads = keys_.shape(1);
  view.query_times = queries_.shape(2);
  view.key_times = keys_.shape(2);
  view.width = queries_.shape(3);
  view.value_width = values_.shape(3);
  view.scale = scale;
  view.causal = causal;
  if (has_mask) {
    mask_ = in[3];
    view.mask = mask_->data<char>();
    view.mask_is_bool = mask_->dtype() == bool_;
    for (size_t i = 0; i < mask_->ndim(); ++i) {
      view.mask_strides[4 - mask_->ndim() + i] = mask_->shape()[i] == 1 ? 0 : mask_->strides()[i];
    }
  }
  if (has_sinks) {
    sinks_ = row_contiguous(in[has_mask ? 4 : 3]);
    view.sinks = sinks_->data<float>();
  }
}

namespace {

template <typename T>
void attend(const fast::ScaledDotProductAttention& p, const Arrays& in, array& out) {
  AttentionInputs<T> inputs(in, p.scale, p.causal, p.has_mask, p.has_sinks);
  Attention<T>& a = inputs.view;
  a.out = out.data<T>();
  if (a.heads_per_key() * a.query_times <= few_query_rows || a.width == 0)
    attend_few(a);
  else
    attend_many(a);
}

void attention(const fast::ScaledDotProductAttention& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  if (out[0].size() == 0) return;
  switch (out[0].dtype()) {
    case Dtype::Val::float16:
      return attend<float16_t>(p, in, out[0]);
    case Dtype::Val::bfloat16:
      return attend<bfloat16_t>(p, in, out[0]);
    default:
      return attend<float>(p, in, out[0]);
  }
}

}  // namespace

// What the gradient's kernel uses too.
template class AttentionInputs<float>;
template class AttentionInputs<float16_t>;
template class AttentionInputs<bfloat16_t>;
template void mask_scores(const Attention<float>&, int64_t, int64_t, int64_t, int64_t, int64_t,
                          float*);
template void mask_scores(const Attention<float16_t>&, int64_t, int64_t, int64_t, int64_t, int64_t,
                          float*);
template void mask_scores(const Attention<bfloat16_t>&, int64_t, int64_t, int64_t, int64_t, int64_t,
                          float*);
template void soften(const Attention<float>&, const QueryBlock&, int64_t, int64_t, float*, int64_t,
                     RunningSoftmax&);
template void soften(const Attention<float16_t>&, const QueryBlock&, int64_t, int64_t, float*,
                     int64_t, RunningSoftmax&);
template void soften(const Attention<bfloat16_t>&, const QueryBlock&, int64_t, int64_t, float*,
                     int64_t, RunningSoftmax&);
template void load_queries(const Attention<float>&, const QueryBlock&, float*);
template void load_queries(const Attention<float16_t>&, const QueryBlock&, float*);
template void load_queries(const Attention<bfloat16_t>&, const QueryBlock&, float*);

void register_attention(KernelTable& table) {
  table.add<fast::ScaledDotProductAttention, attention>();
}

}  // namespace quern::cpu
