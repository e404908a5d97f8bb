#include "engine/primitives/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/scan_floats.h"
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

/// How many lines are scanned at a time where their elements lie one after another: each by itself
/// would wait for its last sum.
constexpr size_t lines_abreast = 4;
/// A longer line is cut into blocks, whose totals are found first. The same blocks, hence the same
/// rounding, for any number of threads.
constexpr size_t block_elements = size_t(1) << 12;

/// Takes the elements of `lines` lines, whose first ones are `apart` elements from each other, into
/// their carries; writes what each is on the way to `out`, unless that is null.
template <typename Op, size_t lines, typename T, typename Carry>
void scan_lines(const T* in, T* out, size_t n, size_t apart, int64_t step, bool inclusive,
                Carry* carries) {
  Carry carry[lines];
  std::copy_n(carries, lines, carry);
  for (size_t i = 0; i < n; ++i) {
    const int64_t at = int64_t(i) * step;
    for (size_t k = 0; k < lines; ++k) {
      const Carry next = Op()(carry[k], Carry(in[int64_t(k * apart) + at]));
      if (out) out[int64_t(k * apart) + at] = T(inclusive ? next : carry[k]);
      carry[k] = next;
    }
  }
  std::copy_n(carry, lines, carries);
}

/// The same for any number of lines.
template <typename Op, typename T, typename Carry>
void scan_lines(const T* in, T* out, size_t n, size_t lines, size_t apart, int64_t step,
                bool inclusive, Carry* carries) {
  size_t k = 0;
  for (; k + lines_abreast <= lines; k += lines_abreast) {
    scan_lines<Op, lines_abreast>(in + k * apart, out ? out + k * apart : nullptr, n, apart, step,
                                  inclusive, carries + k);
  }
  for (; k < lines; ++k) {
    scan_lines<Op, 1>(in + k * apart, out ? out + k * apart : nullptr, n, apart, step, inclusive,
                      carries + k);
  }
}

/// Lines of n elements one after another.
template <typename Op, typename T>
void scan_short_lines(const T* in, T* out, size_t n, size_t lines, bool reverse, bool inclusive) {
  using Carry = typename Carried<T>::type;
  const size_t first = reverse ? n - 1 : 0;
  parallel_for(lines, std::max<size_t>(1, parallel_elements / n), [&](size_t begin, size_t end) {
    const std::unique_ptr<Carry[]> carries(new Carry[end - begin]);
    std::fill_n(carries.get(), end - begin, Op::template neutral<Carry>());
    scan_lines<Op>(in + begin * n + first, out + begin * n + first, n, end - begin, n,
                   reverse ? -1 : 1, inclusive, carries.get());
  });
}

/// A line of more than a block.
template <typename Op, typename T>
void scan_long_line(const T* in, T* out, size_t n, bool reverse, bool inclusive) {
  using Carry = typename Carried<T>::type;
  const size_t whole = n / block_elements, blocks = (n + block_elements - 1) / block_elements;
  // Block k of those in scanning order, which ends where the next one begins.
  const auto place = [&](size_t k) {
    return reverse ? n - 1 - k * block_elements : k * block_elements;
  };
  const int64_t step = reverse ? -1 : 1;
  const std::unique_ptr<Carry[]> carries(new Carry[blocks]);
  std::fill_n(carries.get(), blocks, Op::template neutral<Carry>());
  const auto scan_blocks = [&](T* to, Carry* from) {
    parallel_for(blocks, parallel_elements / block_elements, [&](size_t begin, size_t end) {
      // Counted from the block that lies first in memory, so that they are a block apart.
      const size_t last = std::min(end, whole);
      if (begin < last) {
        const size_t lowest = reverse ? last - 1 : begin;
        if (reverse) std::reverse(from + begin, from + last);
        scan_lines<Op>(in + place(lowest), to ? to + place(lowest) : nullptr, block_elements,
                       last - begin, block_elements, step, inclusive, from + begin);
        if (reverse) std::reverse(from + begin, from + last);
      }
      if (end > whole) {
        scan_lines<Op, 1>(in + place(whole), to ? to + place(whole) : nullptr,
                          n - whole * block_elements, 0, step, inclusive, from + whole);
      }
    });
  };
  scan_blocks(nullptr, carries.get());
  Carry carry = Op::template neutral<Carry>();
  for (size_t k = 0; k < blocks; ++k) carry = Op()(carry, std::exchange(carries[k], carry));
  scan_blocks(out, carries.get());
}

/// Lines side by side, as [outer, n, inner]: a row of up to `most` of them at a time.
template <typename Op, typename T>
void scan_columns(const T* in, T* out, size_t outer, size_t n, size_t inner, bool reverse,
                  bool inclusive) {
  using Carry = typename Carried<T>::type;
  constexpr size_t most = 256;
  const size_t parts = (inner + most - 1) / most;
  const size_t grain = std::max<size_t>(1, parallel_elements / (n * std::min(inner, most)));
  const int64_t stride = reverse ? -int64_t(inner) : int64_t(inner);
  parallel_for(outer * parts, grain, [&](size_t begin, size_t end) {
    Carry carry[most];
    for (size_t task = begin; task < end; ++task) {
      const size_t column = task % parts * most, count = std::min(most, inner - column);
      const size_t at = task / parts * n * inner + (reverse ? (n - 1) * inner : 0) + column;
      std::fill_n(carry, count, Op::template neutral<Carry>());
      const T* from = in + at;
      T* to = out + at;
      for (size_t i = 0; i < n; ++i, from += stride, to += stride) {
        for (size_t k = 0; k < count; ++k) {
          const Carry next = Op()(carry[k], Carry(from[k]));
          to[k] = T(inclusive ? next : carry[k]);
          carry[k] = next;
        }
      }
    }
  });
}

template <typename Op, typename T>
void scan_all(const Scan& p, const array& in, array& out) {
  const auto axis = size_t(p.axis);
  const auto n = size_t(in.shape()[axis]);
  const auto inner = size_t(out.strides()[axis]);
  const size_t outer = in.size() / (n * inner);
  const T* from = in.data<T>();
  T* to = out.data<T>();
  if (inner > 1) return scan_columns<Op>(from, to, outer, n, inner, p.reverse, p.inclusive);
  if (n <= block_elements) return scan_short_lines<Op>(from, to, n, outer, p.reverse, p.inclusive);
  for (size_t i = 0; i < outer; ++i)
    scan_long_line<Op>(from + i * n, to + i * n, n, p.reverse, p.inclusive);
}

/// Runs what has vectors of its own; false for the rest.
template <typename Op>
bool scan_as_floats(const Scan& p, const array& in, array& out) {
  if constexpr (std::is_same_v<Op, Adding> || std::is_same_v<Op, Maximizing> ||
                std::is_same_v<Op, Minimizing>) {
    using Kind = FloatScan::Kind;
    const auto axis = size_t(p.axis);
    const auto n = size_t(in.shape()[axis]), inner = size_t(out.strides()[axis]);
    const FloatScan scan{.kind = std::is_same_v<Op, Adding>       ? Kind::sum
                                 : std::is_same_v<Op, Maximizing> ? Kind::largest
                                                                  : Kind::smallest,
                         .dtype = in.dtype(),
                         .in = in.data<char>(),
                         .out = out.data<char>(),
                         .outer = in.size() / (n * inner),
                         .n = n,
                         .inner = inner,
                         .reverse = p.reverse,
                         .inclusive = p.inclusive};
    if (!has_vectors(scan)) return false;
    scan_floats(scan);
    return true;
  }
  return false;
}

template <typename P, typename Op>
void scan(const P& p, const std::vector<array>& in, std::vector<array>& out) {
  const array dense = row_contiguous(in[0]);
  out[0].allocate();
  if (out[0].size() == 0 || scan_as_floats<Op>(p, dense, out[0])) return;
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
