#include "engine/backend/cpu/fast/attention.h"

#include <algorithm>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/float_rows.h"

namespace quern::cpu {

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
  if (a.has_few_queries())
    attend_few<T>({a});
  else
    attend_many(a);
}

template <typename T>
void attend(const fast::AttentionOfSequences& p, const Arrays& in, array& out) {
  const size_t sequences = size_t(in[0].shape(0));
  std::vector<AttentionInputs<T>> inputs;
  std::vector<Attention<T>> all;
  inputs.reserve(sequences);
  for (size_t i = 0; i < sequences; ++i) {
    Arrays own = {in[0], in[1 + 2 * i], in[2 + 2 * i]};
    if (p.has_sinks) own.push_back(in.back());
    inputs.emplace_back(own, p.scale, false, false, p.has_sinks);
    Attention<T>& a = inputs.back().view;
    a.batches = 1;
    a.queries.data = a.queries.at(int64_t(i), 0, 0);
    a.out = out.data<T>() + int64_t(i * out.size() / sequences);
    all.push_back(a);
  }
  if (all[0].has_few_queries()) return attend_few(all);
  for (const Attention<T>& a : all) attend_many(a);
}

template <typename P>
void attention(const P& p, const Arrays& in, Arrays& out) {
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

// What the ways to compute it and the gradient share.
template class AttentionInputs<float>;
template class AttentionInputs<float16_t>;
template class AttentionInputs<bfloat16_t>;
template void mask_scores(const Attention<float>&, int64_t, int64_t, int64_t, int64_t, int64_t,
                          float*);
template void mask_scores(const Attention<float16_t>&, int64_t, int64_t, int64_t, int64_t, int64_t,
                          float*);
template void mask_scores(const Attention<bfloat16_t>&, int64_t, int64_t, int64_t, int64_t, int64_t,
                          float*);
template void load_queries(const Attention<float>&, const QueryBlock&, float*);
template void load_queries(const Attention<float16_t>&, const QueryBlock&, float*);
template void load_queries(const Attention<bfloat16_t>&, const QueryBlock&, float*);

void register_attention(KernelTable& table) {
  table.add<fast::ScaledDotProductAttention, attention<fast::ScaledDotProductAttention>>();
  table.add<fast::AttentionOfSequences, attention<fast::AttentionOfSequences>>();
}

}  // namespace quern::cpu
