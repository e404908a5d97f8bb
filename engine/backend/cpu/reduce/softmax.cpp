#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"
#include "engine/primitives/reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/reduce/softmax.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {

/// The largest of n elements; NaN or not where one of them is NaN.
float largest(const float* x, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto a = hn::Set(d, -infinity), b = a;
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    a = hn::Max(a, hn::LoadU(d, x + i));
    b = hn::Max(b, hn::LoadU(d, x + i + lanes));
  }
  float best = hn::GetLane(hn::MaxOfLanes(d, hn::Max(a, b)));
  for (; i < n; ++i) best = std::max(best, x[i]);
  return best;
}

/// The sum of exp(x - shift); the exponentials go to `out` unless it is null.
float sum_of_exponentials(const float* x, size_t n, float shift, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto shifts = hn::Set(d, shift);
  auto sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto e = exp_of(d, hn::Sub(hn::LoadU(d, x + i), shifts));
    if (out) hn::StoreU(e, d, out + i);
    sum = hn::Add(sum, e);
  }
  float total = hn::GetLane(hn::SumOfLanes(d, sum));
  if (i == n) return total;
  HWY_ALIGN float rest[hn::MaxLanes(d)] = {};
  std::copy(x + i, x + n, rest);
  hn::Store(exp_of(d, hn::Sub(hn::Load(d, rest), shifts)), d, rest);
  for (size_t k = 0; i < n; ++i, ++k) {
    if (out) out[i] = rest[k];
    total += rest[k];
  }
  return total;
}

void scale(float* x, size_t n, float factor) {
  for (size_t i = 0; i < n; ++i) x[i] *= factor;
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(largest);
HWY_EXPORT(sum_of_exponentials);
HWY_EXPORT(scale);

namespace {

constexpr size_t parallel_elements = size_t(1) << 14;

[[noreturn]] void require_real(const Primitive& primitive) {
  throw std::invalid_argument(fmt::format("[{}] is not defined for complex64", primitive.name()));
}

// What the two functions do to n elements, in the dtypes that they are computed in.

template <typename T>
struct Elements;

template <>
struct Elements<float> {
  static float largest(const float* x, size_t n) { return HWY_DYNAMIC_DISPATCH(largest)(x, n); }
  static double exponentials(const float* x, size_t n, float shift, float* out) {
    return HWY_DYNAMIC_DISPATCH(sum_of_exponentials)(x, n, shift, out);
  }
  static void scale(float* x, size_t n, float factor) { HWY_DYNAMIC_DISPATCH(scale)(x, n, factor); }
};

template <>
struct Elements<double> {
  static double largest(const double* x, size_t n) { return *std::max_element(x, x + n); }
  static double exponentials(const double* x, size_t n, double shift, double* out) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) {
      const double e = std::exp(x[i] - shift);
      if (out) out[i] = e;
      sum += e;
    }
    return sum;
  }
  static void scale(double* x, size_t n, double factor) {
    for (size_t i = 0; i < n; ++i) x[i] *= factor;
  }
};

template <typename T, typename F>
void for_each_tile(const TileReader& reader, size_t begin, size_t n, F&& f) {
  TileMemory scratch;
  for (size_t i = 0; i < n; i += tile_elements) {
    const size_t count = std::min(tile_elements, n - i);
    f(static_cast<const T*>(reader.read(begin + i, count, scratch)), i, count);
  }
}

/// The largest of the elements [begin, begin + n); if one is NaN, anything.
template <typename T>
T largest_of_row(const TileReader& reader, size_t begin, size_t n) {
  T best = -std::numeric_limits<T>::infinity();
  for_each_tile<T>(reader, begin, n, [&](const T* x, size_t, size_t count) {
    best = std::max(best, Elements<T>::largest(x, count));
  });
  return best;
}

/// The sum of exp(x - shift) of the elements: by tiles, in float64.
template <typename T>
double exponential_sum(const TileReader& reader, size_t begin, size_t n, T shift) {
  double sum = 0;
  for_each_tile<T>(reader, begin, n, [&](const T* x, size_t, size_t count) {
    sum += Elements<T>::exponentials(x, count, shift, nullptr);
  });
  return sum;
}

template <typename T>
void softmax_rows(const array& a, array& out, size_t n, size_t rows) {
  constexpr Dtype compute = dtype_of<T>();
  const TileReader reader(a, compute);
  const TileWriter writer(out, compute);
  const bool apart = out.dtype() != compute;
  parallel_for(rows, std::max<size_t>(1, parallel_elements / n), [&](size_t first, size_t last) {
    std::vector<T> memory(apart ? n : 0);
    const auto for_each_part = [&](auto&& f) {
      for (size_t i = 0; i < n; i += tile_elements) f(i, std::min(tile_elements, n - i));
    };
    for (size_t begin = first * n; begin < last * n; begin += n) {
      T* to = apart ? memory.data() : out.data<T>() + begin;
      const T* x =
          nullptr;  // the row: what is not there as T and dense comes to where the result will
      T shift = -std::numeric_limits<T>::infinity();
      for_each_part([&](size_t i, size_t count) {
        const T* part = static_cast<const T*>(reader.read(begin + i, count, to + i));
        if (i == 0) x = part;
        shift = std::max(shift, Elements<T>::largest(part, count));
      });
      double sum = 0;
      for_each_part([&](size_t i, size_t count) {
        sum += Elements<T>::exponentials(x + i, count, shift, to + i);
      });
      for_each_part([&](size_t i, size_t count) {
        Elements<T>::scale(to + i, count, T(1.0 / sum));
        if (apart) writer.finish(begin + i, count, to + i);
      });
    }
  });
}

template <typename T>
void logsumexp_rows(const array& a, array& out, size_t n, size_t rows) {
  constexpr Dtype compute = dtype_of<T>();
  const TileReader reader(a, compute);
  const TileWriter writer(out, compute);
  parallel_for(rows, std::max<size_t>(1, parallel_elements / std::max<size_t>(1, n)),
               [&](size_t first, size_t last) {
                 TileMemory scratch;
                 for (size_t row = first; row < last; ++row) {
                   T shift = largest_of_row<T>(reader, row * n, n);
                   // Nothing can be subtracted from infinity; then the sum is 0 or infinite without
                   // it too.
                   if (std::isinf(shift)) shift = 0;
                   const double sum = exponential_sum<T>(reader, row * n, n, shift);
                   *static_cast<T*>(writer.place(row, scratch)) = T(double(shift) + std::log(sum));
                   writer.finish(row, 1, scratch);
                 }
               });
}

void softmax(const Softmax& p, const std::vector<array>& in, std::vector<array>& out) {
  out[0].take_or_allocate(in[0]);
  if (out[0].size() == 0) return;
  const auto n = size_t(in[0].shape().back());
  const Dtype compute = compute_dtype(in[0].dtype());
  if (compute == float32)
    softmax_rows<float>(in[0], out[0], n, in[0].size() / n);
  else if (compute == float64)
    softmax_rows<double>(in[0], out[0], n, in[0].size() / n);
  else
    require_real(p);
}

void logsumexp(const LogSumExp& p, const std::vector<array>& in, std::vector<array>& out) {
  out[0].allocate();
  const auto n = size_t(in[0].shape().back());
  const Dtype compute = compute_dtype(in[0].dtype());
  if (compute == float32)
    logsumexp_rows<float>(in[0], out[0], n, out[0].size());
  else if (compute == float64)
    logsumexp_rows<double>(in[0], out[0], n, out[0].size());
  else
    require_real(p);
}

}  // namespace

void register_softmax(KernelTable& table) {
  table.add<LogSumExp, logsumexp>();
  table.add<Softmax, softmax>();
}

}  // namespace quern::cpu
#endif
