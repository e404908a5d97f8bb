#include <algorithm>
#include <cstddef>

#include "engine/array/dispatch.h"
#include "engine/backend/cpu/reduce/reducers.h"
#include "engine/primitives/reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/reduce/squared_deviations.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/reduce/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// The totals of n results, which have seen equally many elements.
struct Moments {
  Moments(void* totals, size_t n)
      : means(static_cast<double*>(totals)), deviations(means + n), count(deviations + n) {}

  double* means;
  double* deviations;  ///< sums of the squares of elements' distances from the mean
  double* count;
};
constexpr size_t moments_size = 3 * sizeof(double);

/// What `added` elements weigh beside `present` others when their moments are merged (Chan, Golub &
/// LeVeque 1979).
struct Weights {
  Weights(double present, double added)
      : of_mean(added / (present + added)), of_distance(present * of_mean) {}

  void merge(double mean, double deviations, double& total_mean, double& total_deviations) const {
    const double distance = mean - total_mean;
    total_mean += distance * of_mean;
    total_deviations += deviations + distance * distance * of_distance;
  }

  double of_mean, of_distance;
};

template <typename T>
struct Loops {
  using Element = Computed<T>;

  static void start(void* totals, size_t n) {
    std::fill_n(static_cast<double*>(totals), n * moments_size / sizeof(double), 0.0);
  }

  /// The sum of the elements less `shift`, or of the squares of that.
  template <bool squares>
  static double sum(const T* x, size_t n, Element shift) {
    const hn::ScalableTag<Element> d;
    const size_t lanes = hn::Lanes(d);
    const auto shifts = hn::Set(d, shift);
    const auto add = [&](hn::Vec<decltype(d)>& to, const T* from) HWY_ATTR {
      const auto v = hn::Sub(load_computed(d, from), shifts);
      to = squares ? hn::MulAdd(v, v, to) : hn::Add(to, v);
    };
    auto a = hn::Zero(d), b = a, c = a, e = a;
    size_t i = 0;
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
      add(a, x + i);
      add(b, x + i + lanes);
      add(c, x + i + 2 * lanes);
      add(e, x + i + 3 * lanes);
    }
    for (; i + lanes <= n; i += lanes) add(a, x + i);
    HWY_ALIGN Element partial[hn::MaxLanes(d)];
    hn::Store(hn::Add(hn::Add(a, b), hn::Add(c, e)), d, partial);
    double total = 0;
    for (size_t k = 0; k < lanes; ++k) total += double(partial[k]);
    for (; i < n; ++i) {
      const double v = double(Element(x[i]) - shift);
      total += squares ? v * v : v;
    }
    return total;
  }

  /// Twice over a run, the second time from the cache. Its mean is looked for from its first
  /// element on, which is as near as any: equal elements deviate by nothing then.
  static void add_runs(const void* elements, size_t n, size_t runs, void* totals) {
    const Moments to(totals, runs);
    const Weights weights(*to.count, double(n));
    *to.count += double(n);
    const T* x = static_cast<const T*>(elements);
    for (size_t k = 0; k < runs; ++k, x += n) {
      const Element first = x[0];
      const double mean = double(first) + sum<false>(x, n, first) / double(n);
      weights.merge(mean, sum<true>(x, n, Element(mean)), to.means[k], to.deviations[k]);
    }
  }

  /// Takes the `rows` elements of each column. All is counted from the first row on: how far
  /// elements lie apart may be little beside their mean.
  template <size_t rows>
  static void add_columns(const T* x, size_t apart, size_t width, const Moments& to) {
    const Weights weights(*to.count, double(rows));
    *to.count += double(rows);
    const hn::ScalableTag<Element> d;
    size_t i = 0;
    for (; i + hn::Lanes(d) <= width; i += hn::Lanes(d)) {
      const auto first = load_computed(d, x + i);
      hn::Vec<decltype(d)> v[rows];
      auto sum = v[0] = hn::Zero(d);
      for (size_t r = 1; r < rows; ++r) {
        v[r] = hn::Sub(load_computed(d, x + r * apart + i), first);
        sum = hn::Add(sum, v[r]);
      }
      if constexpr (rows == rows_abreast) prefetch_rows(x, apart, i);
      const auto mean = hn::Mul(sum, hn::Set(d, Element(1) / Element(rows)));
      auto deviations = hn::Zero(d);
      for (size_t r = 0; r < rows; ++r) {
        const auto distance = hn::Sub(v[r], mean);
        deviations = hn::MulAdd(distance, distance, deviations);
      }
      merge_lanes(d, first, mean, deviations, weights, to.means + i, to.deviations + i);
    }
    for (; i < width; ++i) {
      const auto first = double(Element(x[i]));
      double mean = 0, deviations = 0;
      for (size_t r = 0; r < rows; ++r)
        mean += (double(Element(x[r * apart + i])) - first) / double(rows);
      for (size_t r = 0; r < rows; ++r) {
        const double distance = double(Element(x[r * apart + i])) - first - mean;
        deviations += distance * distance;
      }
      weights.merge(first + mean, deviations, to.means[i], to.deviations[i]);
    }
  }

  /// Weights::merge, in lanes. The means are counted from `from` on.
  template <class D>
  static HWY_INLINE void merge_lanes(D d, hn::Vec<D> from, hn::Vec<D> mean, hn::Vec<D> deviations,
                                     const Weights& weights, double* means,
                                     double* total_deviations) {
    HWY_ALIGN double distances[hn::MaxLanes(d)];
    for_each_wide(d, from, [&](auto wide, auto part, size_t first) HWY_ATTR {
      hn::Store(hn::Sub(part, hn::LoadU(wide, means + first)), wide, distances + first);
    });
    for_each_wide(d, mean, [&](auto wide, auto part, size_t first) HWY_ATTR {
      const auto distance = hn::Add(part, hn::Load(wide, distances + first));
      const auto present = hn::LoadU(wide, means + first);
      hn::StoreU(hn::MulAdd(distance, hn::Set(wide, weights.of_mean), present), wide,
                 means + first);
      hn::Store(hn::Mul(hn::Mul(distance, distance), hn::Set(wide, weights.of_distance)), wide,
                distances + first);
    });
    for_each_wide(d, deviations, [&](auto wide, auto part, size_t first) HWY_ATTR {
      const auto added = hn::Add(part, hn::Load(wide, distances + first));
      hn::StoreU(hn::Add(hn::LoadU(wide, total_deviations + first), added), wide,
                 total_deviations + first);
    });
  }

  static void add_wide_rows(const T* x, size_t apart, size_t width, size_t rows,
                            const Moments& to) {
    for (; rows >= rows_abreast; rows -= rows_abreast, x += rows_abreast * apart)
      add_columns<rows_abreast>(x, apart, width, to);
    for (; rows > 0; --rows, x += apart) add_columns<1>(x, apart, width, to);
  }

  static void add_rows(const void* elements, size_t apart, size_t width, size_t rows,
                       void* totals) {
    const T* x = static_cast<const T*>(elements);
    const Moments to(totals, width);
    // Narrow rows are taken several at a time, as one wide row with its own totals.
    constexpr size_t wide_row = 64;
    const size_t together = apart == width ? wide_row / width : 0;
    if (together > 1 && rows >= 2 * together) {
      double memory[wide_row * moments_size / sizeof(double)];
      const size_t wide_rows = rows / together, wide_width = together * width;
      start(memory, wide_width);
      const Moments wide(memory, wide_width);
      add_wide_rows(x, wide_width, wide_width, wide_rows, wide);
      for (size_t k = 0; k < together; ++k)
        merge_moments(wide.means + k * width, wide.deviations + k * width, *wide.count, width, to);
      x += wide_rows * wide_width;
      rows -= wide_rows * together;
    }
    add_wide_rows(x, apart, width, rows, to);
  }

  static void merge_moments(const double* means, const double* deviations, double count, size_t n,
                            const Moments& to) {
    if (count == 0) return;
    const Weights weights(*to.count, count);
    *to.count += count;
    for (size_t i = 0; i < n; ++i)
      weights.merge(means[i], deviations[i], to.means[i], to.deviations[i]);
  }

  static void merge(const void* from, size_t n, void* totals) {
    const Moments added(const_cast<void*>(from), n);
    merge_moments(added.means, added.deviations, *added.count, n, Moments(totals, n));
  }

  static void finish(const void* totals, size_t n, void* elements) {
    const double* deviations = Moments(const_cast<void*>(totals), n).deviations;
    Element* to = static_cast<Element*>(elements);
    for (size_t i = 0; i < n; ++i) to[i] = Element(deviations[i]);
  }

  static constexpr Reducer reducer{moments_size, start, add_runs, add_rows, merge, finish, nullptr};
};

template <typename T>
void add_type(ReducerTable& t) {
  t.add<SquaredDeviations>(dtype_of<T>(), Loops<T>::reducer);
}

}  // namespace

void add_deviations(ReducerTable& t) {
  add_type<float16_t>(t);
  add_type<bfloat16_t>(t);
  add_type<float>(t);
  add_type<double>(t);
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(add_deviations);

void add_squared_deviations(ReducerTable& table) { HWY_DYNAMIC_DISPATCH(add_deviations)(table); }

static_assert(3 * sizeof(double) <= max_total_size);

}  // namespace quern::cpu
#endif
