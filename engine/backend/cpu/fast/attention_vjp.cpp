#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/fast/attention.h"
#include "engine/backend/cpu/matmul/float_gemm.h"
#include "engine/backend/cpu/thread_pool.h"

// The gradient of attention without its scores (Dao et al. 2022): with P the weights and dO the
// cotangent,
//   dV = P^T dO,   dS = P * (dO V^T - rowsum(dO * O)),   dQ = scale dS K,   dK = scale dS^T Q,
// where P and dS are made again by blocks from each row's largest score and sum.

namespace quern::cpu {

namespace {

/// What the gradient needs of each row [batch, query head, time].
struct RowStatistics {
  explicit RowStatistics(size_t rows) : largest(rows), reciprocal_sum(rows), product(rows) {}

  Scratch<float> largest;         ///< score, the sink's included
  Scratch<float> reciprocal_sum;  ///< 1 / the sum of exp(score - largest)
  Scratch<float> product;         ///< of the output and its cotangent
};

template <typename T>
struct AttentionGradient {
  Attention<T> forward;
  typename Attention<T>::Operand output, cotangent;
  RowStatistics* rows;
  float* queries;  ///< [splits, batches, query_heads, query_times, width], dense, zeros before
  float *keys, *values;  ///< [batches, key_heads, key_times, ...], dense, zeros before
  int64_t splits;        ///< of the keys: the tasks that make up one head

  int64_t row(const QueryBlock& block, int64_t r) const {
    const int64_t head = block.key_head * forward.heads_per_key() + r / block.times;
    return (block.batch * forward.query_heads + head) * forward.query_times + block.time +
           r % block.times;
  }
};

/// n rows of an operand as a float32 matrix: in place, or widened into the scratch.
template <typename T>
Matrix<float> float_rows(const T* first, int64_t stride, int64_t n, int64_t width, float* scratch) {
  if constexpr (std::is_same_v<T, float>) {
    return {first, n, width, stride, 1};
  } else {
    for (int64_t t = 0; t < n; ++t) widen(first + t * stride, scratch + t * width, size_t(width));
    return {scratch, n, width, width, 1};
  }
}

/// Queries of a block where there are many: their rows of all heads that share keys fit a product's
/// tile.
template <typename T>
int64_t block_times(const Attention<T>& a) {
  return std::min(a.query_times, std::max<int64_t>(16, 128 / a.heads_per_key()));
}

/// Keys of a block.
constexpr int64_t key_block = 256;

/// Rows [heads_per_key * times, width] of an operand by query, as float32.
template <typename T>
void load_rows(const Attention<T>& a, const typename Attention<T>::Operand& operand,
               const QueryBlock& block, int64_t width, float* rows) {
  for (int64_t g = 0; g < a.heads_per_key(); ++g) {
    for (int64_t i = 0; i < block.times; ++i) {
      widen(operand.at(block.batch, block.key_head * a.heads_per_key() + g, block.time + i),
            rows + (g * block.times + i) * width, size_t(width));
    }
  }
}

template <typename T>
QueryBlock query_block(const Attention<T>& a, int64_t head, int64_t index) {
  const int64_t times = block_times(a);
  QueryBlock block{head / a.key_heads, head % a.key_heads, index * times, 0};
  block.times = std::min(times, a.query_times - block.time);
  return block;
}

template <typename T>
int64_t query_blocks(const Attention<T>& a) {
  return (a.query_times + block_times(a) - 1) / block_times(a);
}

/// How many of the keys [key, key + n) some query of the block sees: the first ones. A query that
/// sees no key at all averages them all.
template <typename T>
int64_t visible_keys(const Attention<T>& a, const QueryBlock& block, int64_t key, int64_t n) {
  const int64_t first_last_key = block.time + a.key_times - a.query_times;
  if (!a.causal || first_last_key < 0) return n;
  return std::clamp<int64_t>(first_last_key + block.times - key, 0, n);
}

/// Working memory for blocks of one attention.
template <typename T>
struct Blocks {
  explicit Blocks(const Attention<T>& a)
      : rows(a.heads_per_key() * block_times(a)),
        most_width(std::max(a.width, a.value_width)),
        queries(size_t(rows * a.width)),
        cotangents(size_t(rows * a.value_width)),
        scores(size_t(rows * key_block)),
        products(size_t(rows * key_block)),
        operand(size_t(std::max(key_block, rows) * most_width)),
        packed_rows(std::max(packed_rows_size(rows, std::max(most_width, key_block)),
                             packed_rows_size(key_block, rows))),
        packed_queries(packed_columns_size(rows, a.width)),
        packed_cotangents(packed_columns_size(rows, a.value_width)),
        packed_keys(packed_columns_size(a.width, key_block)),
        packed_values(packed_columns_size(a.value_width, key_block)),
        packed_key_rows(packed_columns_size(key_block, a.width)) {}

  int64_t rows, most_width;
  Scratch<float> queries, cotangents, scores, products, operand, packed_rows;
  Scratch<float> packed_queries, packed_cotangents;  ///< right factors of dK and dV
  Scratch<float> packed_keys, packed_values;         ///< ... of S and dP
  Scratch<float> packed_key_rows;                    ///< ... of dQ
};

/// out [rows, columns] = or += a @ packed.
void multiply_rows(const Matrix<float>& a, Scratch<float>& packed_rows,
                   const Scratch<float>& packed, int64_t columns, bool add, float* out,
                   int64_t stride) {
  pack_rows(a, packed_rows.data());
  multiply_packed(packed_rows.data(), a.rows, packed.data(), columns, a.columns,
                  add ? Addend{out, stride} : Addend{}, out, stride);
}

template <typename T>
void find_statistics(const AttentionGradient<T>& g) {
  const Attention<T>& a = g.forward;
  find_row_sums(a, g.rows->largest.data(), g.rows->reciprocal_sum.data());
  const int64_t rows = a.batches * a.query_heads * a.query_times;
  const int64_t grain = 1 + (int64_t(1) << 14) / std::max<int64_t>(1, a.value_width);
  parallel_for(size_t(rows), size_t(grain), [&](size_t begin, size_t end) {
    const auto width = size_t(a.value_width);
    std::vector<float> output(width), cotangent(width);
    for (auto row = int64_t(begin); row < int64_t(end); ++row) {
      float& sum = g.rows->reciprocal_sum.data()[row];
      sum = 1 / sum;
      const int64_t time = row % a.query_times, head = row / a.query_times % a.query_heads,
                    batch = row / a.query_times / a.query_heads;
      widen(g.output.at(batch, head, time), output.data(), width);
      widen(g.cotangent.at(batch, head, time), cotangent.data(), width);
      float product = 0;
      for (size_t j = 0; j < width; ++j) product += output[j] * cotangent[j];
      g.rows->product.data()[row] = product;
    }
  });
}

/// Scores [rows, n] become weights P, and products dO V^T become dS.
template <typename T>
void differentiate_softmax(const AttentionGradient<T>& g, const QueryBlock& block, int64_t key,
                           int64_t n, float* scores, float* products) {
  const Attention<T>& a = g.forward;
  const bool hides = a.causal || (a.mask != nullptr && a.mask_is_bool);
  for (int64_t r = 0; r < a.heads_per_key() * block.times; ++r) {
    const int64_t head = block.key_head * a.heads_per_key() + r / block.times;
    const auto row = size_t(g.row(block, r));
    const float largest = g.rows->largest.data()[row],
                reciprocal_sum = g.rows->reciprocal_sum.data()[row],
                product = g.rows->product.data()[row];
    float *p = scores + r * key_block, *ds = products + r * key_block;
    mask_scores(a, block.batch, head, block.time + r % block.times, key, n, p);
    exponentials(p, size_t(n), largest);
    scale_row(p, size_t(n), reciprocal_sum);
    // A row that sees no key averages the values, whatever its scores.
    if (hides && largest == hidden_score) {
      std::fill_n(ds, n, 0.0f);
    } else {
      for (int64_t t = 0; t < n; ++t) ds[t] = p[t] * (ds[t] - product);
    }
  }
}

/// The gradients that keys [key, key + n) of a head have a part in.
template <typename T>
void add_key_block(const AttentionGradient<T>& g, int64_t head, int64_t split, int64_t key,
                   int64_t n, Blocks<T>& memory) {
  const Attention<T>& a = g.forward;
  const int64_t batch = head / a.key_heads, key_head = head % a.key_heads;
  const Matrix<float> keys = float_rows(a.keys.at(batch, key_head, key), a.keys.time_stride, n,
                                        a.width, memory.operand.data());
  pack_columns(keys.transposed(), memory.packed_keys.data());
  pack_columns(keys, memory.packed_key_rows.data());
  const Matrix<float> values = float_rows(a.values.at(batch, key_head, key), a.values.time_stride,
                                          n, a.value_width, memory.operand.data());
  pack_columns(values.transposed(), memory.packed_values.data());
  float* keys_gradient = g.keys + (head * a.key_times + key) * a.width;
  float* values_gradient = g.values + (head * a.key_times + key) * a.value_width;
  float* queries_gradient = g.queries + split * a.batches * a.query_heads * a.query_times * a.width;
  const int64_t blocks = query_blocks(a);
  for (int64_t index = 0; index < blocks; ++index) {
    const QueryBlock block = query_block(a, head, index);
    const int64_t seen = visible_keys(a, block, key, n);
    if (seen == 0) continue;
    const int64_t rows = a.heads_per_key() * block.times;
    load_queries(a, block, memory.queries.data());
    load_rows(a, g.cotangent, block, a.value_width, memory.cotangents.data());
    const Matrix<float> queries{memory.queries.data(), rows, a.width, a.width, 1};
    const Matrix<float> cotangents{memory.cotangents.data(), rows, a.value_width, a.value_width, 1};
    const Matrix<float> weights{memory.scores.data(), rows, seen, key_block, 1};
    const Matrix<float> differences{memory.products.data(), rows, seen, key_block, 1};
    multiply_rows(queries, memory.packed_rows, memory.packed_keys, seen, false,
                  memory.scores.data(), key_block);
    multiply_rows(cotangents, memory.packed_rows, memory.packed_values, seen, false,
                  memory.products.data(), key_block);
    differentiate_softmax(g, block, key, seen, memory.scores.data(), memory.products.data());
    pack_columns(cotangents, memory.packed_cotangents.data());
    multiply_rows(weights.transposed(), memory.packed_rows, memory.packed_cotangents, a.value_width,
                  true, values_gradient, a.value_width);
    pack_columns(queries, memory.packed_queries.data());
    multiply_rows(differences.transposed(), memory.packed_rows, memory.packed_queries, a.width,
                  true, keys_gradient, a.width);
    // The packed keys are as deep as all of the block.
    for (int64_t r = 0; r < rows; ++r)
      std::fill(memory.products.data() + r * key_block + seen,
                memory.products.data() + r * key_block + n, 0.0f);
    const Matrix<float> padded{memory.products.data(), rows, n, key_block, 1};
    // The rows of one query head are dense in the output, those of the next lie further on.
    for (int64_t h = 0; h < a.heads_per_key(); ++h) {
      multiply_rows(padded.block(h * block.times, block.times, 0, n), memory.packed_rows,
                    memory.packed_key_rows, a.width, true,
                    queries_gradient + g.row(block, h * block.times) * a.width, a.width);
    }
  }
}

template <typename T>
void add_all_keys(const AttentionGradient<T>& g) {
  const Attention<T>& a = g.forward;
  const int64_t blocks = (a.key_times + key_block - 1) / key_block;
  parallel_for(size_t(a.batches * a.key_heads * g.splits), 1, [&](size_t begin, size_t end) {
    Blocks<T> memory(a);
    for (auto task = int64_t(begin); task < int64_t(end); ++task) {
      const int64_t head = task / g.splits, split = task % g.splits;
      // Every splits-th block: causal attention has more to do for the first keys.
      for (int64_t block = split; block < blocks; block += g.splits) {
        const int64_t key = block * key_block;
        add_key_block(g, head, split, key, std::min(key_block, a.key_times - key), memory);
      }
    }
  });
}

/// The sinks' weights have no value: their scores' gradient is -P * rowsum(dO * O).
template <typename T>
void add_sinks(const AttentionGradient<T>& g, float* sinks) {
  const Attention<T>& a = g.forward;
  for (int64_t head = 0; head < a.query_heads; ++head) {
    double total = 0;
    for (int64_t batch = 0; batch < a.batches; ++batch) {
      for (int64_t time = 0; time < a.query_times; ++time) {
        const auto row = size_t((batch * a.query_heads + head) * a.query_times + time);
        const float weight = std::exp(a.sinks[head] - g.rows->largest.data()[row]) *
                             g.rows->reciprocal_sum.data()[row];
        total -= double(weight * g.rows->product.data()[row]);
      }
    }
    sinks[head] = float(total);
  }
}

/// The sums of `splits` parts, times a factor, in the output's dtype.
void store_sums(const Scratch<float>& parts, int64_t splits, float factor, array& out) {
  const size_t n = out.size();
  parallel_for(n, size_t(1) << 15, [&](size_t begin, size_t end) {
    constexpr size_t block = 512;
    float sums[block];
    for (size_t i = begin; i < end; i += block) {
      const size_t count = std::min(block, end - i);
      std::fill_n(sums, count, 0.0f);
      for (int64_t split = 0; split < splits; ++split) {
        const float* part = parts.data() + size_t(split) * n + i;
        for (size_t k = 0; k < count; ++k) sums[k] += part[k];
      }
      for (size_t k = 0; k < count; ++k) sums[k] *= factor;
      if (out.dtype() == float16)
        narrow(sums, out.data<float16_t>() + i, count);
      else if (out.dtype() == bfloat16)
        narrow(sums, out.data<bfloat16_t>() + i, count);
      else
        narrow(sums, out.data<float>() + i, count);
    }
  });
}

template <typename T>
void differentiate(const fast::ScaledDotProductAttentionVJP& p, const Arrays& in, Arrays& out) {
  const AttentionInputs<T> inputs(in, p.scale, p.causal, p.has_mask, p.has_sinks);
  const Attention<T>& a = inputs.view;
  const array output = with_dense_rows(in[in.size() - 2]), cotangent = with_dense_rows(in.back());
  RowStatistics rows(size_t(a.batches * a.query_heads * a.query_times));
  const int64_t heads = a.batches * a.key_heads, threads = ThreadPool::instance().size();
  const int64_t blocks = (a.key_times + key_block - 1) / key_block;
  const int64_t splits =
      std::clamp<int64_t>((2 * threads + heads - 1) / heads, 1, std::max<int64_t>(1, blocks));
  Scratch<float> queries(size_t(splits) * out[0].size()), keys(out[1].size()),
      values(out[2].size());
  std::fill_n(queries.data(), size_t(splits) * out[0].size(), 0.0f);
  std::fill_n(keys.data(), out[1].size(), 0.0f);
  std::fill_n(values.data(), out[2].size(), 0.0f);
  const AttentionGradient<T> g{a,
                               operand_of<T>(output),
                               operand_of<T>(cotangent),
                               &rows,
                               queries.data(),
                               keys.data(),
                               values.data(),
                               splits};
  find_statistics(g);
  add_all_keys(g);
  // The queries that the keys' gradients are made of are scaled already.
  store_sums(queries, splits, a.scale, out[0]);
  store_sums(keys, 1, 1, out[1]);
  store_sums(values, 1, 1, out[2]);
  if (p.has_sinks) add_sinks(g, out[3].data<float>());
}

void attention_vjp(const fast::ScaledDotProductAttentionVJP& p, const Arrays& in, Arrays& out) {
  for (array& o : out) o.allocate();
  const array& cotangent = in.back();
  if (cotangent.size() == 0 || in[0].size() == 0 || in[1].size() == 0) {
    for (array& o : out) std::fill_n(o.data<char>(), o.nbytes(), char(0));
    return;
  }
  switch (cotangent.dtype()) {
    case Dtype::Val::float16:
      return differentiate<float16_t>(p, in, out);
    case Dtype::Val::bfloat16:
      return differentiate<bfloat16_t>(p, in, out);
    default:
      return differentiate<float>(p, in, out);
  }
}

}  // namespace

void register_attention_vjp(KernelTable& table) {
  table.add<fast::ScaledDotProductAttentionVJP, attention_vjp>();
}

}  // namespace quern::cpu
