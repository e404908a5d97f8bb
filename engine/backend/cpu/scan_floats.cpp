#include "engine/backend/cpu/scan_floats.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <type_traits>

#include "engine/array/half.h"
#include "engine/backend/cpu/stream_copy.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/graph/spin.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/scan_floats.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/float_lanes-inl.h"
#include "hwy/cache_control.h"

#ifndef QUERN_CPU_SCAN_BLOCKS
#define QUERN_CPU_SCAN_BLOCKS
namespace quern::cpu {

/// A long line is cut into blocks that stay in a core's cache between being added up and being
/// scanned. The same blocks, hence the same rounding, for any number of threads.
constexpr size_t block_elements = size_t(1) << 14;
/// So many lines keep all threads busy as they are.
constexpr size_t many_lines = 64;
constexpr size_t parallel_elements = size_t(1) << 15;
/// Elements that are summed up in float32, or wait for being written past the caches.
constexpr size_t piece = 1024;

/// What comes before a block of a line.
struct BlockCarry {
  double value;
  std::atomic<bool> known{false};

  void tell(double told) {
    value = told;
    known.store(true, std::memory_order_release);
    known.notify_all();
  }

  double wait() const {
    const auto is_known = [&] { return known.load(std::memory_order_acquire); };
    while (!spin_until(is_known)) known.wait(false, std::memory_order_acquire);
    return value;
  }
};

}  // namespace quern::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Operations on numbers and on vectors; of NaN and anything the result is NaN.

struct Adding {
  static constexpr double neutral = 0;
  static double of(double a, double b) { return a + b; }
  template <class V>
  static HWY_INLINE V vector(V a, V b) {
    return hn::Add(a, b);
  }
};

struct Maximizing {
  static constexpr double neutral = -HUGE_VAL;
  static double of(double a, double b) { return a >= b || a != a ? a : b; }
  template <class V>
  static HWY_INLINE V vector(V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Ge(a, b), hn::IsNaN(a)), a, b);
  }
};

struct Minimizing {
  static constexpr double neutral = HUGE_VAL;
  static double of(double a, double b) { return a <= b || a != a ? a : b; }
  template <class V>
  static HWY_INLINE V vector(V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Le(a, b), hn::IsNaN(a)), a, b);
  }
};

using Tag = hn::ScalableTag<float>;
using Lanes = hn::Vec<Tag>;

constexpr size_t log2(size_t n) { return n <= 1 ? 0 : 1 + log2(n / 2); }

/// Exchanges rows and columns of the 4 x 4 numbers that four vectors have in a block of 128 bits.
HWY_INLINE void transpose_blocks(Lanes (&v)[4]) {
  const Tag d;
  const hn::Repartition<double, Tag> pairs;
  const auto low = hn::BitCast(pairs, hn::InterleaveLower(d, v[0], v[1])),
             low_2 = hn::BitCast(pairs, hn::InterleaveLower(d, v[2], v[3])),
             high = hn::BitCast(pairs, hn::InterleaveUpper(d, v[0], v[1])),
             high_2 = hn::BitCast(pairs, hn::InterleaveUpper(d, v[2], v[3]));
  v[0] = hn::BitCast(d, hn::InterleaveLower(pairs, low, low_2));
  v[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, low, low_2));
  v[2] = hn::BitCast(d, hn::InterleaveLower(pairs, high, high_2));
  v[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, high, high_2));
}

/// Scans up to `piece` neighbouring elements, 64 of them at a time for vectors of 16: as groups of
/// four, a group to a lane, so that most of it is done between vectors; only the groups' totals are
/// scanned within one, by doubling: each lane takes in what lies 1, 2, 4... groups before it.
///
/// In three passes over the first-level cache: the totals' scan is a long chain of operations, and
/// as a loop of its own has many of them under way at a time.
template <class Op>
class PieceScan {
 public:
  static constexpr size_t vectors = 4;
  static constexpr size_t most = piece / vectors / hn::MaxLanes(Tag());

  PieceScan() {
    const Tag d;
    const size_t lanes = hn::Lanes(d), blocks = lanes / 4;
    // Transposed, vector i's block b is lane i of block b: the group after i * blocks + b others.
    const auto lane_of = [&](size_t group) { return group % blocks * 4 + group / blocks; };
    HWY_ALIGN float group_of[hn::MaxLanes(d)];
    for (size_t group = 0; group < lanes; ++group) group_of[lane_of(group)] = float(group);
    const auto groups = hn::Load(d, group_of);
    for (size_t step = 0; step < steps; ++step) {
      const size_t distance = size_t(1) << step;
      for (size_t group = 0; group < lanes; ++group)
        before_[step][lane_of(group)] = int32_t(lane_of(group < distance ? 0 : group - distance));
      // What is combined with the lanes that have no such group before them.
      hn::Store(hn::IfThenElseZero(hn::Lt(groups, hn::Set(d, float(distance))), hn::Set(d, 1.0f)),
                d, none_[step]);
    }
  }

  /// Groups of elements -> what Op makes of all up to each (before each: exclusive), and of
  /// `carry`. load(k): vector k of them; store(k, v, w): vectors k and k + 1. Returns what it makes
  /// of all.
  template <class Load, class Store>
  HWY_INLINE double operator()(size_t count, double carry, bool inclusive, Load&& load,
                               Store&& store) const {
    const Tag d;
    const size_t lanes = hn::Lanes(d);
    HWY_ALIGN float scanned[most * vectors * hn::MaxLanes(d)];
    for (size_t i = 0; i < count; ++i) {
      float* at = scanned + i * vectors * lanes;
      Lanes v[vectors];
      for (size_t k = 0; k < vectors; ++k) v[k] = load(i * vectors + k);
      transpose_blocks(v);
      hn::Store(v[0], d, at);
      for (size_t k = 1; k < vectors; ++k)
        hn::Store(v[k] = Op::vector(v[k - 1], v[k]), d, at + k * lanes);
    }
    HWY_ALIGN float bases[most * hn::MaxLanes(d)];
    carry = scan_totals(scanned, count, carry, bases);
    for (size_t i = 0; i < count; ++i) {
      const float* at = scanned + i * vectors * lanes;
      const Lanes base = hn::Load(d, bases + i * lanes);
      Lanes v[vectors];
      for (size_t k = 0; k < vectors; ++k) {
        if (inclusive)
          v[k] = Op::vector(base, hn::Load(d, at + k * lanes));
        else
          v[k] = k == 0 ? base : Op::vector(base, hn::Load(d, at + (k - 1) * lanes));
      }
      transpose_blocks(v);
      for (size_t k = 0; k < vectors; k += 2) store(i * vectors + k, v[k], v[k + 1]);
    }
    return carry;
  }

 private:
  static constexpr size_t steps = log2(hn::MaxLanes(Tag()));

  /// What comes before each group.
  HWY_INLINE double scan_totals(const float* scanned, size_t count, double carry,
                                float* bases) const {
    const Tag d;
    const size_t lanes = hn::Lanes(d);
    const auto neutral = hn::Set(d, float(Op::neutral));
    const auto before = [&](Lanes v, size_t step) HWY_ATTR {
      const auto none = hn::Ne(hn::Load(d, none_[step]), hn::Zero(d));
      return hn::IfThenElse(none, neutral,
                            hn::TableLookupLanes(v, hn::SetTableIndices(d, before_[step])));
    };
    for (size_t i = 0; i < count; ++i) {
      Lanes totals = hn::Load(d, scanned + (i * vectors + vectors - 1) * lanes);
      for (size_t step = 0; step < steps; ++step) totals = Op::vector(before(totals, step), totals);
      hn::Store(Op::vector(hn::Set(d, float(carry)), before(totals, 0)), d, bases + i * lanes);
      HWY_ALIGN float all[hn::MaxLanes(d)];
      hn::Store(totals, d, all);
      carry = Op::of(carry, double(all[lanes - 1]));
    }
    return carry;
  }

  HWY_ALIGN int32_t before_[steps][hn::MaxLanes(Tag())];
  HWY_ALIGN float none_[steps][hn::MaxLanes(Tag())];
};

template <class Op, typename T>
class Scanner {
 public:
  explicit Scanner(const FloatScan& scan)
      : scan_(scan), streams_(is_streamed(scan.outer * scan.n * scan.inner * sizeof(T))) {}

  void run() const {
    if (scan_.inner > 1) return columns();
    if (scan_.outer >= many_lines || scan_.n <= block_elements) return lines();
    for (size_t line = 0; line < scan_.outer; ++line) long_line(in() + line * scan_.n, line);
  }

 private:
  const T* in() const { return static_cast<const T*>(scan_.in); }
  T* out() const { return static_cast<T*>(scan_.out); }

  void lines() const {
    const size_t grain = std::max<size_t>(1, parallel_elements / scan_.n);
    parallel_for(scan_.outer, grain, [&](size_t begin, size_t end) HWY_ATTR {
      for (size_t line = begin; line < end; ++line)
        stretch(in() + line * scan_.n, out() + line * scan_.n, scan_.n, Op::neutral);
      if (streams_) finish_streaming();
    });
  }

  /// A line of more than a block. Each thread takes the next block, adds it up, hands on what comes
  /// before the one behind it and scans it: a line passes through memory once. Who has the first
  /// block that is not handed on waits for nobody, so that nobody waits forever.
  void long_line(const T* from, size_t line) const {
    const size_t blocks = (scan_.n + block_elements - 1) / block_elements;
    const std::unique_ptr<BlockCarry[]> carries(new BlockCarry[blocks + 1]);
    carries[0].tell(Op::neutral);
    std::atomic<size_t> next{0};
    T* to = out() + line * scan_.n;
    const auto threads = size_t(ThreadPool::instance().size());
    parallel_for(std::min(threads, blocks), 1, [&](size_t, size_t) HWY_ATTR {
      for (size_t k; (k = next.fetch_add(1, std::memory_order_relaxed)) < blocks;) {
        const size_t begin = k * block_elements, n = std::min(block_elements, scan_.n - begin);
        const size_t at = scan_.reverse ? scan_.n - begin - n : begin;
        const double total = total_of(from + at, n);
        const double carry = carries[k].wait();
        carries[k + 1].tell(Op::of(carry, total));
        stretch(from + at, to + at, n, carry);
      }
      if (streams_) finish_streaming();
    });
  }

  static double total_of(const T* x, size_t n) {
    const Tag d;
    const size_t lanes = hn::Lanes(d);
    double total = Op::neutral;
    size_t i = 0;
    while (i + 4 * lanes <= n) {
      const size_t end = std::min(n, i + piece);
      auto a = hn::Set(d, float(Op::neutral)), b = a, c = a, e = a;
      for (; i + 4 * lanes <= end; i += 4 * lanes) {
        a = Op::vector(a, load_floats(d, x + i));
        b = Op::vector(b, load_floats(d, x + i + lanes));
        c = Op::vector(c, load_floats(d, x + i + 2 * lanes));
        e = Op::vector(e, load_floats(d, x + i + 3 * lanes));
      }
      HWY_ALIGN float partial[hn::MaxLanes(d)];
      hn::Store(Op::vector(Op::vector(a, b), Op::vector(c, e)), d, partial);
      for (size_t k = 0; k < lanes; ++k) total = Op::of(total, double(partial[k]));
    }
    for (; i < n; ++i) total = Op::of(total, double(float(x[i])));
    return total;
  }

  /// Neighbouring elements, with what comes before them.
  void stretch(const T* from, T* to, size_t n, double carry) const {
    const PieceScan<Op> scan;
    alignas(64) T buffer[piece];
    for (size_t done = 0; done < n; done += piece) {
      const size_t count = std::min(piece, n - done);
      const size_t at = scan_.reverse ? n - done - count : done;
      carry = scan_piece(scan, from + at, streams_ ? buffer : to + at, count, carry);
      if (streams_) stream_copy(buffer, to + at, count * sizeof(T));
    }
  }

  /// Up to `piece` elements. Returns what comes before those behind them.
  double scan_piece(const PieceScan<Op>& scan, const T* from, T* to, size_t n, double carry) const {
    const size_t together = PieceScan<Op>::vectors * hn::Lanes(Tag());
    const size_t whole = n / together * together, rest = n - whole;
    carry = scan_whole(scan, from + (scan_.reverse ? rest : 0), to + (scan_.reverse ? rest : 0),
                       whole, carry);
    if (rest == 0) return carry;
    // The rest, among elements that change nothing.
    constexpr size_t most = PieceScan<Op>::vectors * hn::MaxLanes(Tag());
    const size_t at = scan_.reverse ? 0 : whole, place = scan_.reverse ? together - rest : 0;
    alignas(64) T padded[most], results[most];
    std::fill_n(padded, together, T(float(Op::neutral)));
    std::copy_n(from + at, rest, padded + place);
    carry = scan_whole(scan, padded, results, together, carry);
    std::copy_n(results + place, rest, to + at);
    return carry;
  }

  double scan_whole(const PieceScan<Op>& scan, const T* from, T* to, size_t n, double carry) const {
    const Tag d;
    const size_t lanes = hn::Lanes(d), count = n / (PieceScan<Op>::vectors * lanes);
    if (!scan_.reverse) {
      return scan(
          count, carry, scan_.inclusive,
          [=](size_t k) HWY_ATTR { return load_floats(d, from + k * lanes); },
          [=](size_t k, Lanes v, Lanes w) HWY_ATTR { store_floats(d, v, w, to + k * lanes); });
    }
    const auto place = [=](size_t k) { return n - (k + 1) * lanes; };
    return scan(
        count, carry, scan_.inclusive,
        [=](size_t k) HWY_ATTR { return hn::Reverse(d, load_floats(d, from + place(k))); },
        [=](size_t k, Lanes v, Lanes w)
            HWY_ATTR { store_floats(d, hn::Reverse(d, w), hn::Reverse(d, v), to + place(k + 1)); });
  }

  // Lines side by side: strips of columns, some rows at a time.

  static constexpr bool carries_wide = std::is_same_v<Op, Adding> && std::is_same_v<T, float>;
  using Carry = std::conditional_t<carries_wide, double, float>;
  static constexpr size_t strip = 1024;
  static constexpr size_t abreast = 4;

  struct Strip {
    Carry carry[strip];
    T results[abreast][strip];  ///< before they are written past the caches
  };

  void columns() const {
    // Twice as many strips as there are threads, if that leaves whole cache lines to each.
    constexpr size_t least = 64;
    const auto threads = size_t(ThreadPool::instance().size());
    const size_t even = (scan_.inner / (2 * threads) + least - 1) / least * least;
    const size_t width = std::min(scan_.inner, std::clamp(even, least, strip));
    const size_t strips = (scan_.inner + width - 1) / width;
    const size_t grain = std::max<size_t>(1, parallel_elements / (scan_.n * width));
    parallel_for(scan_.outer * strips, grain, [&](size_t begin, size_t end) HWY_ATTR {
      const auto memory = std::make_unique<Strip>();
      for (size_t task = begin; task < end; ++task) {
        const size_t column = task % strips * width;
        scan_strip(task / strips * scan_.n * scan_.inner + column,
                   std::min(width, scan_.inner - column), *memory);
      }
      if (streams_) finish_streaming();
    });
  }

  void scan_strip(size_t at, size_t width, Strip& memory) const {
    std::fill_n(memory.carry, width, Carry(Op::neutral));
    auto stride = ptrdiff_t(scan_.inner);
    if (scan_.reverse) at += (scan_.n - 1) * scan_.inner, stride = -stride;
    const T* from = in() + at;
    T* to = out() + at;
    size_t i = 0;
    for (; i + abreast <= scan_.n; i += abreast) {
      scan_rows<abreast>(from, to, stride, width, memory);
      from += ptrdiff_t(abreast) * stride;
      to += ptrdiff_t(abreast) * stride;
    }
    for (; i < scan_.n; ++i, from += stride, to += stride)
      scan_rows<1>(from, to, stride, width, memory);
  }

  template <size_t rows>
  void scan_rows(const T* from, T* to, ptrdiff_t stride, size_t width, Strip& memory) const {
    const Tag d;
    const bool inclusive = scan_.inclusive;
    T* results[rows];
    for (size_t r = 0; r < rows; ++r)
      results[r] = streams_ ? memory.results[r] : to + ptrdiff_t(r) * stride;
    size_t k = 0;
    for (; k + hn::Lanes(d) <= width; k += hn::Lanes(d)) {
      if constexpr (rows > 1) {
        // Lines of rows that are far from each other: nothing else sees them coming.
        for (size_t r = rows; r < 2 * rows; ++r) hwy::Prefetch(from + ptrdiff_t(r) * stride + k);
      }
      if constexpr (carries_wide) {
        const hn::Repartition<double, Tag> wide;
        const hn::Half<Tag> half;
        double* carry = memory.carry + k;
        auto low = hn::LoadU(wide, carry), high = hn::LoadU(wide, carry + hn::Lanes(wide));
        for (size_t r = 0; r < rows; ++r) {
          const auto v = load_floats(d, from + ptrdiff_t(r) * stride + k);
          const auto next_low = Op::vector(low, hn::PromoteTo(wide, hn::LowerHalf(half, v)));
          const auto next_high = Op::vector(high, hn::PromoteTo(wide, hn::UpperHalf(half, v)));
          const auto result = hn::Combine(d, hn::DemoteTo(half, inclusive ? next_high : high),
                                          hn::DemoteTo(half, inclusive ? next_low : low));
          store_floats(d, result, results[r] + k);
          low = next_low;
          high = next_high;
        }
        hn::StoreU(low, wide, carry);
        hn::StoreU(high, wide, carry + hn::Lanes(wide));
      } else {
        auto carry = hn::LoadU(d, memory.carry + k);
        for (size_t r = 0; r < rows; ++r) {
          const auto next = Op::vector(carry, load_floats(d, from + ptrdiff_t(r) * stride + k));
          store_floats(d, inclusive ? next : carry, results[r] + k);
          carry = next;
        }
        hn::StoreU(carry, d, memory.carry + k);
      }
    }
    for (; k < width; ++k) {
      for (size_t r = 0; r < rows; ++r) {
        const auto next = Carry(
            Op::of(memory.carry[k], double(float(from[ptrdiff_t(r) * stride + ptrdiff_t(k)]))));
        results[r][k] = T(float(inclusive ? next : memory.carry[k]));
        memory.carry[k] = next;
      }
    }
    if (!streams_) return;
    for (size_t r = 0; r < rows; ++r)
      stream_copy(results[r], to + ptrdiff_t(r) * stride, width * sizeof(T));
  }

  const FloatScan& scan_;
  const bool streams_;
};

template <class Op>
void scan_with(const FloatScan& scan) {
  if (scan.dtype == float16)
    Scanner<Op, float16_t>(scan).run();
  else if (scan.dtype == bfloat16)
    Scanner<Op, bfloat16_t>(scan).run();
  else
    Scanner<Op, float>(scan).run();
}

}  // namespace

void scan_by_kind(const FloatScan& scan) {
  switch (scan.kind) {
    case FloatScan::Kind::sum:
      return scan_with<Adding>(scan);
    case FloatScan::Kind::largest:
      return scan_with<Maximizing>(scan);
    case FloatScan::Kind::smallest:
      return scan_with<Minimizing>(scan);
  }
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(scan_by_kind);

bool has_vectors(const FloatScan& scan) {
  constexpr size_t short_line = 32;
  const bool is_float = scan.dtype == float32 || scan.dtype == float16 || scan.dtype == bfloat16;
  return is_float && (scan.inner > 1 ? scan.inner >= short_line : scan.n >= short_line);
}

void scan_floats(const FloatScan& scan) { HWY_DYNAMIC_DISPATCH(scan_by_kind)(scan); }

}  // namespace quern::cpu
#endif
