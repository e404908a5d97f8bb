#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/scratch.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/primitives/fast.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/fast/norm_vjp.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef QUERN_CPU_FAST_NORM_VJP_ROW
#define QUERN_CPU_FAST_NORM_VJP_ROW
namespace quern::cpu {

/// One row of n elements and its cotangent. RMS normalisation does not center.
struct NormRow {
  const float* x;
  const float* cotangent;
  const float* weight;  ///< nullptr for none
  size_t n;
  float eps;
  bool center;
  float* gradient;
  float* weight_gradient;  ///< what is added to it; nullptr for none
  float* bias_gradient;
};

}  // namespace quern::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using NormTag = hn::ScalableTag<float>;

/// f(tag, i) for registers of the row, and then for what is left one element at a time.
template <typename F>
HWY_INLINE void for_lanes(size_t n, F&& f) {
  const NormTag d;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) f(d, i);
  for (; i < n; ++i) f(hn::CappedTag<float, 1>(), i);
}

/// The sums over the row of up to two values that f(tag, i) adds to its last arguments.
template <typename F>
HWY_INLINE void sum_lanes(size_t n, float& first, float& second, F&& f) {
  const NormTag d;
  const hn::CappedTag<float, 1> one;
  auto a = hn::Zero(d), b = hn::Zero(d);
  auto last_a = hn::Zero(one), last_b = hn::Zero(one);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) f(d, i, a, b);
  for (; i < n; ++i) f(one, i, last_a, last_b);
  first = hn::GetLane(hn::SumOfLanes(d, a)) + hn::GetLane(last_a);
  second = hn::GetLane(hn::SumOfLanes(d, b)) + hn::GetLane(last_b);
}

/// With y = (x - mean) * factor and g the cotangent times the weight, the gradient of x is
/// factor * (g - mean(g) - y * mean(g * y)), where RMS normalisation has no means of x and g.
void norm_vjp_row(const NormRow& r) {
  float mean = 0, unused = 0, squares = 0, g_sum = 0, gy_sum = 0;
  const auto count = float(r.n);
  if (r.center) {
    sum_lanes(r.n, mean, unused, [&](auto d, size_t i, auto& a, auto&) HWY_ATTR {
      a = hn::Add(a, hn::LoadU(d, r.x + i));
    });
    mean /= count;
  }
  sum_lanes(r.n, squares, unused, [&](auto d, size_t i, auto& a, auto&) HWY_ATTR {
    const auto centered = hn::Sub(hn::LoadU(d, r.x + i), hn::Set(d, mean));
    a = hn::MulAdd(centered, centered, a);
  });
  const float factor = 1 / std::sqrt(squares / count + r.eps);
  const auto weighted = [&](auto d, size_t i) HWY_ATTR {
    const auto c = hn::LoadU(d, r.cotangent + i);
    return r.weight == nullptr ? c : hn::Mul(c, hn::LoadU(d, r.weight + i));
  };
  const auto normalized = [&](auto d, size_t i) HWY_ATTR {
    return hn::Mul(hn::Sub(hn::LoadU(d, r.x + i), hn::Set(d, mean)), hn::Set(d, factor));
  };
  sum_lanes(r.n, g_sum, gy_sum, [&](auto d, size_t i, auto& a, auto& b) HWY_ATTR {
    const auto g = weighted(d, i);
    a = hn::Add(a, g);
    b = hn::MulAdd(g, normalized(d, i), b);
  });
  const float g_mean = r.center ? g_sum / count : 0, gy_mean = gy_sum / count;
  for_lanes(r.n, [&](auto d, size_t i) HWY_ATTR {
    const auto y = normalized(d, i), c = hn::LoadU(d, r.cotangent + i);
    const auto without_mean = hn::Sub(weighted(d, i), hn::Set(d, g_mean));
    const auto gradient = hn::NegMulAdd(y, hn::Set(d, gy_mean), without_mean);
    if (r.weight_gradient != nullptr) {
      float* to = r.weight_gradient + i;
      hn::StoreU(hn::MulAdd(c, y, hn::LoadU(d, to)), d, to);
    }
    if (r.bias_gradient != nullptr) {
      float* to = r.bias_gradient + i;
      hn::StoreU(hn::Add(c, hn::LoadU(d, to)), d, to);
    }
    hn::StoreU(hn::Mul(gradient, hn::Set(d, factor)), d, r.gradient + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(norm_vjp_row);

namespace {

array as_float32(const array& a) {
  if (a.dtype() == float32) return row_contiguous(a);
  array out(Buffer::allocate(a.size() * sizeof(float)), a.shape(), float32);
  copy_into(a, out);
  return out;
}

void widen_row(const array& dense, size_t row, size_t n, float* out) {
  if (dense.dtype() == float16)
    widen(dense.data<float16_t>() + row * n, out, n);
  else if (dense.dtype() == bfloat16)
    widen(dense.data<bfloat16_t>() + row * n, out, n);
  else
    widen(dense.data<float>() + row * n, out, n);
}

void narrow_row(const float* values, array& dense, size_t row, size_t n) {
  if (dense.dtype() == float16)
    narrow(values, dense.data<float16_t>() + row * n, n);
  else if (dense.dtype() == bfloat16)
    narrow(values, dense.data<bfloat16_t>() + row * n, n);
  else
    narrow(values, dense.data<float>() + row * n, n);
}

struct NormParameters {
  float eps;
  bool center;
  const array* weight;     ///< nullptr for none
  array* weight_gradient;  ///< nullptr for none, like the next
  array* bias_gradient;
};

/// The rows are cut into parts, each of which sums the parameters' gradients on its own.
void norm_vjp(const NormParameters& p, const array& x, const array& cotangent, array& gradient) {
  const auto n = size_t(x.shape(-1));
  const size_t rows = n == 0 ? 0 : x.size() / n;
  const size_t rows_per_part = std::max<size_t>(
      1,
      std::max(16384 / std::max<size_t>(n, 1), rows / size_t(4 * ThreadPool::instance().size())));
  const size_t parts = (rows + rows_per_part - 1) / rows_per_part;
  Scratch<float> sums(2 * std::max<size_t>(parts, 1) * n);
  std::fill_n(sums.data(), 2 * std::max<size_t>(parts, 1) * n, 0.0f);
  if (rows > 0) {
    const array dense_x = row_contiguous(x), dense_cotangent = row_contiguous(cotangent);
    std::optional<array> weight;
    if (p.weight != nullptr) weight = as_float32(*p.weight);
    parallel_for(parts, 1, [&](size_t begin, size_t end) {
      Scratch<float> memory(3 * n);
      float *row_x = memory.data(), *row_cotangent = row_x + n, *row_gradient = row_cotangent + n;
      for (size_t part = begin; part < end; ++part) {
        float* part_sums = sums.data() + 2 * part * n;
        const NormRow row{row_x,
                          row_cotangent,
                          weight ? weight->data<float>() : nullptr,
                          n,
                          p.eps,
                          p.center,
                          row_gradient,
                          p.weight_gradient != nullptr ? part_sums : nullptr,
                          p.bias_gradient != nullptr ? part_sums + n : nullptr};
        const size_t last = std::min(rows, (part + 1) * rows_per_part);
        for (size_t r = part * rows_per_part; r < last; ++r) {
          widen_row(dense_x, r, n, row_x);
          widen_row(dense_cotangent, r, n, row_cotangent);
          HWY_DYNAMIC_DISPATCH(norm_vjp_row)(row);
          narrow_row(row_gradient, gradient, r, n);
        }
      }
    });
  }
  for (size_t part = 1; part < parts; ++part) {
    for (size_t i = 0; i < 2 * n; ++i) sums.data()[i] += sums.data()[2 * part * n + i];
  }
  if (p.weight_gradient != nullptr) narrow_row(sums.data(), *p.weight_gradient, 0, n);
  if (p.bias_gradient != nullptr) narrow_row(sums.data() + n, *p.bias_gradient, 0, n);
}

void rms_norm_vjp(const fast::RMSNormVJP& p, const Arrays& in, Arrays& out) {
  for (array& o : out) o.allocate();
  const bool has_weight = out.size() > 1;
  norm_vjp({p.eps, false, has_weight ? &in[1] : nullptr, has_weight ? &out[1] : nullptr, nullptr},
           in[0], in.back(), out[0]);
}

void layer_norm_vjp(const fast::LayerNormVJP& p, const Arrays& in, Arrays& out) {
  for (array& o : out) o.allocate();
  norm_vjp({p.eps, true, p.has_weight ? &in[1] : nullptr, p.has_weight ? &out[1] : nullptr,
            p.has_bias ? &out.back() : nullptr},
           in[0], in.back(), out[0]);
}

}  // namespace

void register_norm_vjp(KernelTable& table) {
  table.add<fast::RMSNormVJP, rms_norm_vjp>();
  table.add<fast::LayerNormVJP, layer_norm_vjp>();
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
