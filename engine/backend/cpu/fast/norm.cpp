#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>
#include <vector>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/stream_copy.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/primitives/fast.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/fast/norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/float_lanes-inl.h"

#ifndef QUERN_CPU_FAST_NORM_ROWS
#define QUERN_CPU_FAST_NORM_ROWS
namespace quern::cpu {

/// Rows of n elements to normalise. RMS normalisation leaves their mean alone.
struct NormRows {
  const void* x;
  Dtype x_dtype;  ///< float32, float16 or bfloat16
  void* out;
  Dtype out_dtype;  ///< the same, or float32
  size_t n;
  const float* weight;  ///< nullptr for none
  const float* bias;
  float eps;
  bool center;
  bool streams;  ///< whether results go past the caches
};

}  // namespace quern::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

using NormTag = hn::ScalableTag<float>;

/// Sum over the row of x - shift, or of its square.
template <bool square, typename In>
HWY_INLINE float sum_row(const In* x, size_t n, float shift) {
  const NormTag d;
  const size_t lanes = hn::Lanes(d);
  const auto shifts = hn::Set(d, shift);
  auto even = hn::Zero(d), odd = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto a = hn::Sub(load_floats(d, x + i), shifts),
               b = hn::Sub(load_floats(d, x + i + lanes), shifts);
    even = square ? hn::MulAdd(a, a, even) : hn::Add(even, a);
    odd = square ? hn::MulAdd(b, b, odd) : hn::Add(odd, b);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; i < n; ++i) {
    const float a = float(x[i]) - shift;
    sum += square ? a * a : a;
  }
  return sum;
}

/// v as it is after being stored as T and loaded again.
template <typename T, class D>
HWY_INLINE hn::Vec<D> round_floats(D d, hn::Vec<D> v) {
  if constexpr (std::is_same_v<T, float>) {
    return v;
  } else if constexpr (std::is_same_v<T, bfloat16_t>) {
    const hn::Rebind<uint32_t, D> d32;
    return hn::BitCast(d, hn::And(round_upper_halves(d, v), hn::Set(d32, 0xffff0000u)));
  } else {
    alignas(64) T stored[hn::MaxLanes(d)];
    store_floats(d, v, stored);
    return load_floats(d, stored);
  }
}

/// out = (x - mean) * factor rounded to the result's dtype, then times weight plus bias.
template <typename In, typename Out>
HWY_INLINE void scale_row(const In* x, float mean, float factor, const NormRows& rows, Out* out) {
  const NormTag d;
  const size_t lanes = hn::Lanes(d), n = rows.n;
  const auto means = hn::Set(d, mean), factors = hn::Set(d, factor);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    auto y = hn::Mul(hn::Sub(load_floats(d, x + i), means), factors);
    if (rows.weight != nullptr) y = hn::Mul(round_floats<Out>(d, y), hn::LoadU(d, rows.weight + i));
    if (rows.bias != nullptr) y = hn::Add(y, hn::LoadU(d, rows.bias + i));
    store_floats(d, y, out + i);
  }
  for (; i < n; ++i) {
    float y = float(Out((float(x[i]) - mean) * factor));
    if (rows.weight != nullptr) y *= rows.weight[i];
    if (rows.bias != nullptr) y += rows.bias[i];
    out[i] = Out(y);
  }
}

template <typename In, typename Out>
HWY_INLINE void normalize(const NormRows& rows, size_t first, size_t last) {
  std::vector<Out> result(rows.streams ? rows.n : 0);
  for (size_t r = first; r < last; ++r) {
    const In* x = static_cast<const In*>(rows.x) + r * rows.n;
    Out* out = static_cast<Out*>(rows.out) + r * rows.n;
    const float mean = rows.center ? sum_row<false>(x, rows.n, 0) / float(rows.n) : 0;
    const float variance = sum_row<true>(x, rows.n, mean) / float(rows.n);
    scale_row(x, mean, 1.0f / std::sqrt(variance + rows.eps), rows,
              rows.streams ? result.data() : out);
    if (rows.streams) stream_copy(result.data(), out, rows.n * sizeof(Out));
  }
  if (rows.streams) finish_streaming();
}

template <typename Half>
HWY_INLINE void normalize_half(const NormRows& rows, size_t first, size_t last) {
  if (rows.out_dtype == float32)
    normalize<Half, float>(rows, first, last);
  else
    normalize<Half, Half>(rows, first, last);
}

void normalize_rows(const NormRows& rows, size_t first, size_t last) {
  if (rows.x_dtype == float16)
    normalize_half<float16_t>(rows, first, last);
  else if (rows.x_dtype == bfloat16)
    normalize_half<bfloat16_t>(rows, first, last);
  else
    normalize<float, float>(rows, first, last);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(normalize_rows);

namespace {

using Arrays = std::vector<array>;

array as_dense(const array& a, Dtype dtype) {
  if (a.dtype() == dtype) return row_contiguous(a);
  array out(Buffer::allocate(a.size() * dtype.size()), a.shape(), dtype);
  copy_into(a, out);
  return out;
}

bool is_16_bit(Dtype dtype) { return dtype == float16 || dtype == bfloat16; }

void normalize(const array& x, const std::optional<array>& weight, const std::optional<array>& bias,
               float eps, bool center, array& out) {
  if (out.size() == 0) return out.allocate();
  // What the rows are not made for goes through float32, which is what they compute in.
  const bool direct =
      out.dtype() == float32 || (is_16_bit(out.dtype()) && x.dtype() == out.dtype());
  bool is_new = true;
  if (x.dtype() == out.dtype() && x.flags().row_contiguous)
    is_new = !out.take_or_allocate(x);
  else
    out.allocate();
  const array from = as_dense(x, is_16_bit(x.dtype()) && direct ? x.dtype() : float32);
  array to =
      direct ? out : array(Buffer::allocate(out.size() * sizeof(float)), out.shape(), float32);
  std::optional<array> w, b;
  if (weight) w = as_dense(*weight, float32);
  if (bias) b = as_dense(*bias, float32);
  const NormRows rows{from.data<char>(),
                      from.dtype(),
                      to.data<char>(),
                      to.dtype(),
                      size_t(x.shape(-1)),
                      w ? w->data<float>() : nullptr,
                      b ? b->data<float>() : nullptr,
                      eps,
                      center,
                      is_new && direct && is_streamed(out.nbytes())};
  const size_t grain = std::max<size_t>(1, 8192 / rows.n);
  parallel_for(x.size() / rows.n, grain, [&](size_t first, size_t last) {
    HWY_DYNAMIC_DISPATCH(normalize_rows)(rows, first, last);
  });
  if (!direct) copy_into(to, out);
}

void rms_norm(const fast::RMSNorm& p, const Arrays& in, Arrays& out) {
  normalize(in[0], in.size() > 1 ? std::optional(in[1]) : std::nullopt, std::nullopt, p.eps, false,
            out[0]);
}

void layer_norm(const fast::LayerNorm& p, const Arrays& in, Arrays& out) {
  const auto weight = p.has_weight ? std::optional(in[1]) : std::nullopt;
  const auto bias = p.has_bias ? std::optional(in.back()) : std::nullopt;
  normalize(in[0], weight, bias, p.eps, true, out[0]);
}

}  // namespace

void register_norm(KernelTable& table) {
  table.add<fast::RMSNorm, rms_norm>();
  table.add<fast::LayerNorm, layer_norm>();
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
