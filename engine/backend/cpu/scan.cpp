#include "engine/primitives/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 15;

/// The type that a scan over T carries along: wider for floats, so that long sums stay accurate.
template <typename T>
struct Carried {
  using type = T;
};
template <>
struct Carried<float> {
  using type = double;
};
template <>
struct Carried<float16_t> {
  using type = float;
};
template <>
struct Carried<bfloat16_t> {
  using type = float;
};

/// Integers wrap.
template <typename T, typename F>
T wrapping(T a, T b, F f) {
  if constexpr (std::is_same_v<T, bool>)
    return a && b;
  else if constexpr (std::is_integral_v<T>)
    return T(f(uint64_t(a), uint64_t(b)));
  else
    return f(a, b);
}

struct Adding {
  template <typename T>
  static T neutral() {
    return T(0);
  }
  template <typename T>
  T operator()(T a, T b) const {
    return wrapping(a, b, [](auto x, auto y) { return x + y; });
  }
};

struct Multiplying {
  template <typename T>
  static T neutral() {
    return T(1);
  }
  template <typename T>
  T operator()(T a, T b) const {
    return wrapping(a, b, [](auto x, auto y) { return x * y; });
  }
};

struct Maximizing {
  template <typename T>
  static T neutral() {
    if constexpr (std::is_floating_point_v<T>)
      return -std::numeric_limits<T>::infinity();
    else
      return std::numeric_limits<T>::lowest();
  }
  template <typename T>
  T operator()(T a, T b) const {
    return a >= b || a != a ? a : b;
  }
};

struct Minimizing {
  template <typename T>
  static T neutral() {
    if constexpr (std::is_floating_point_v<T>)
      return std::numeric_limits<T>::infinity();
    else
      return std::numeric_limits<T>::max();
  }
  template <typename T>
  T operator()(T a, T b) const {
    return a <= b || a != a ? a : b;
  }
};

struct LogAddingExp {
  template <typename T>
  static T neutral() {
    return -std::numeric_limits<T>::infinity();
  }
  template <typename T>
  T operator()(T a, T b) const {
    if (std::isnan(a) || std::isnan(b)) return a + b;
    const T high = std::max(a, b), low = std::min(a, b);
    return std::isinf(high) ? high : high + std::log1p(std::exp(low - high));
  }
};

/// One line of elements `stride` apart.
template <typename Op, typename T>
void scan_line(const T* in, T* out, size_t n, int64_t stride, bool inclusive) {
  using Carry = typename Carried<T>::type;
  Carry carry = Op::template neutral<Carry>();
  for (size_t i = 0; i < n; ++i, in += stride, out += stride) {
    const Carry next = Op()(carry, Carry(*in));
    *out = T(inclusive ? next : carry);
    carry = next;
  }
}

/// Lines side by side, `width` of them, each with its carry.
template <typename Op, typename T>
void scan_lines(const T* in, T* out, size_t n, size_t width, int64_t stride, bool inclusive) {
  using Carry = typename Carried<T>::type;
  constexpr size_t most = 256;
  Carry carry[most];
  for (size_t begin = 0; begin < width; begin += most) {
    const size_t count = std::min(most, width - begin);
    std::fill_n(carry, count, Op::template neutral<Carry>());
    const T* from = in + begin;
    T* to = out + begin;
    for (size_t i = 0; i < n; ++i, from += stride, to += stride) {
      for (size_t k = 0; k < count; ++k) {
        const Carry next = Op()(carry[k], Carry(from[k]));
        to[k] = T(inclusive ? next : carry[k]);
        carry[k] = next;
      }
    }
  }
}

template <typename Op, typename T>
void scan_all(const Scan& p, const array& in, array& out) {
  const auto axis = size_t(p.axis);
  const auto n = size_t(in.shape()[axis]);
  const auto inner = size_t(out.strides()[axis]);
  const T* from = in.data<T>();
  T* to = out.data<T>();
  const size_t first = p.reverse ? (n - 1) * inner : 0;
  const int64_t stride = p.reverse ? -int64_t(inner) : int64_t(inner);
  parallel_for(in.size() / (n * inner), std::max<size_t>(1, parallel_elements / (n * inner)),
               [&](size_t begin, size_t end) {
                 for (size_t i = begin; i < end; ++i) {
                   const size_t at = i * n * inner + first;
                   if (inner == 1)
                     scan_line<Op>(from + at, to + at, n, stride, p.inclusive);
                   else
                     scan_lines<Op>(from + at, to + at, n, inner, stride, p.inclusive);
                 }
               });
}

template <typename P, typename Op>
void scan(const P& p, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  out[0].allocate();
  if (out[0].size() == 0) return;
  dispatch(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    constexpr bool ordered = !std::is_same_v<T, complex64_t>;
    constexpr bool real = std::is_floating_point_v<typename Carried<T>::type>;
    constexpr bool arithmetic = std::is_same_v<Op, Adding> || std::is_same_v<Op, Multiplying>;
    if constexpr (arithmetic || (std::is_same_v<Op, LogAddingExp> ? real : ordered)) {
      scan_all<Op, T>(p, dense, out[0]);
    } else {
      throw std::invalid_argument(
          fmt::format("[{}] is not defined for {}", p.name(), dtype_name(dense.dtype())));
    }
  });
}

}  // namespace

void register_scan(KernelTable& table) {
  table.add<CumMax, scan<CumMax, Maximizing>>();
  table.add<CumMin, scan<CumMin, Minimizing>>();
  table.add<CumProd, scan<CumProd, Multiplying>>();
  table.add<CumSum, scan<CumSum, Adding>>();
  table.add<LogCumSumExp, scan<LogCumSumExp, LogAddingExp>>();
}

}  // namespace quern::cpu
