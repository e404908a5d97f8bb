#include "engine/backend/cpu/reduce/reducers.h"

#include <fmt/format.h>

#include <algorithm>
#include <complex>
#include <limits>
#include <stdexcept>

#include "engine/array/dispatch.h"
#include "engine/primitives/reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/reduce/reducers.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/reduce/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// An operation: its neutral element, and on two elements or two vectors of floats.

struct Adding {
  template <typename T>
  static T neutral() {
    return T(0);
  }
  template <typename T>
  T operator()(T a, T b) const {
    return T(a + b);
  }
  template <class V>
  static V vector(V a, V b) {
    return hn::Add(a, b);
  }
};

struct Multiplying {
  template <typename T>
  static T neutral() {
    return T(1);
  }
  template <typename T>
  T operator()(T a, T b) const {
    return T(a * b);
  }
  template <class V>
  static V vector(V a, V b) {
    return hn::Mul(a, b);
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
    if constexpr (std::is_floating_point_v<T>)
      return a >= b || a != a ? a : b;
    else
      return a > b ? a : b;
  }
  template <class V>
  static V vector(V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Ge(a, b), hn::IsNaN(a)), a, b);
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
    if constexpr (std::is_floating_point_v<T>)
      return a <= b || a != a ? a : b;
    else
      return a < b ? a : b;
  }
  template <class V>
  static V vector(V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Le(a, b), hn::IsNaN(a)), a, b);
  }
};

/// Of truth values: all of nothing are true.
struct MinimizingTruth : Minimizing {
  template <typename T>
  static T neutral() {
    return T(1);
  }
};

template <class Op, typename T, typename Total>
struct Loops {
  using Element = Computed<T>;
  static constexpr bool totals_are_elements = std::is_same_v<Total, Element>;
  /// Of rows that are taken together, floats are added up in their own precision, as those of a run
  /// are; products would leave its range.
  static constexpr size_t abreast =
      has_lanes<T> && !std::is_same_v<Op, Multiplying> ? rows_abreast : 1;

  static void start(void* totals, size_t n) {
    std::fill_n(static_cast<Total*>(totals), n, Op::template neutral<Total>());
  }

  static void add_runs(const void* elements, size_t n, size_t runs, void* totals) {
    const T* x = static_cast<const T*>(elements);
    Total* to = static_cast<Total*>(totals);
    for (size_t k = 0; k < runs; ++k) to[k] = add_run(x + k * n, n, to[k]);
  }

  static Total add_run(const T* x, size_t n, Total sum) {
    size_t i = 0;
    if constexpr (has_lanes<T>) {
      // Four vectors of partial results: rounding errors stay small, additions overlap.
      const hn::ScalableTag<Element> d;
      const size_t lanes = hn::Lanes(d);
      if (n < 4 * lanes) return add_few(x, n, sum);
      auto a = hn::Set(d, Op::template neutral<Element>()), b = a, c = a, e = a;
      for (; i + 4 * lanes <= n; i += 4 * lanes) {
        a = Op::vector(a, load_computed(d, x + i));
        b = Op::vector(b, load_computed(d, x + i + lanes));
        c = Op::vector(c, load_computed(d, x + i + 2 * lanes));
        e = Op::vector(e, load_computed(d, x + i + 3 * lanes));
      }
      HWY_ALIGN Element partial[hn::MaxLanes(d)];
      hn::Store(Op::vector(Op::vector(a, b), Op::vector(c, e)), d, partial);
      for (size_t k = 0; k < lanes; ++k) sum = Op()(sum, Total(partial[k]));
    }
    return add_few(x + i, n - i, sum);
  }

  static Total add_few(const T* x, size_t n, Total sum) {
    for (size_t i = 0; i < n; ++i) sum = Op()(sum, Total(Element(x[i])));
    return sum;
  }

  /// Takes the elements of `rows` rows that are in one column into its total.
  template <size_t rows>
  static void add_columns(const T* x, size_t apart, size_t width, Total* totals) {
    size_t i = 0;
    if constexpr (has_lanes<T>) {
      const hn::ScalableTag<Element> d;
      for (; i + hn::Lanes(d) <= width; i += hn::Lanes(d)) {
        auto v = load_computed(d, x + i);
        for (size_t r = 1; r < rows; ++r) v = Op::vector(v, load_computed(d, x + r * apart + i));
        if constexpr (rows == rows_abreast) prefetch_rows(x, apart, i);
        add_lanes(d, v, totals + i);
      }
    }
    for (; i < width; ++i) {
      Element sum = x[i];
      for (size_t r = 1; r < rows; ++r) sum = Op()(sum, Element(x[r * apart + i]));
      totals[i] = Op()(totals[i], Total(sum));
    }
  }

  template <class D>
  static HWY_INLINE void add_lanes(D d, hn::Vec<D> v, Total* totals) {
    if constexpr (totals_are_elements) {
      hn::StoreU(Op::vector(hn::LoadU(d, totals), v), d, totals);
    } else {
      for_each_wide(d, v, [totals](auto wide, auto part, size_t first) {
        hn::StoreU(Op::vector(hn::LoadU(wide, totals + first), part), wide, totals + first);
      });
    }
  }

  static void add_rows(const void* elements, size_t apart, size_t width, size_t rows,
                       void* totals) {
    const T* x = static_cast<const T*>(elements);
    Total* to = static_cast<Total*>(totals);
    // Narrow rows are taken several at a time, as one wide row with its own totals.
    constexpr size_t wide_row = 64;
    const size_t together = apart == width ? wide_row / width : 0;
    if (together > 1 && rows >= 2 * together) {
      Total wide[wide_row];
      const size_t wide_rows = rows / together, wide_width = together * width;
      start(wide, wide_width);
      add_wide_rows(x, wide_width, wide_width, wide_rows, wide);
      for (size_t k = 0; k < together; ++k) merge(wide + k * width, width, to);
      x += wide_rows * wide_width;
      rows -= wide_rows * together;
    }
    add_wide_rows(x, apart, width, rows, to);
  }

  static void add_wide_rows(const T* x, size_t apart, size_t width, size_t rows, Total* totals) {
    for (; rows >= abreast; rows -= abreast, x += abreast * apart)
      add_columns<abreast>(x, apart, width, totals);
    for (; rows > 0; --rows, x += apart) add_columns<1>(x, apart, width, totals);
  }

  static void merge(const void* from, size_t n, void* totals) {
    const Total* x = static_cast<const Total*>(from);
    Total* to = static_cast<Total*>(totals);
    for (size_t i = 0; i < n; ++i) to[i] = Op()(to[i], x[i]);
  }

  static void finish(const void* totals, size_t n, void* elements) {
    const Total* x = static_cast<const Total*>(totals);
    Element* to = static_cast<Element*>(elements);
    for (size_t i = 0; i < n; ++i) to[i] = Element(x[i]);
  }

  static size_t find(const void* elements, size_t n, const void* total) {
    const T* x = static_cast<const T*>(elements);
    const Element wanted = *static_cast<const Element*>(total);
    const bool wants_nan = wanted != wanted;
    size_t i = 0;
    if constexpr (has_lanes<T>) {
      const hn::ScalableTag<Element> d;
      const auto all_wanted = hn::Set(d, wanted);
      for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
        const auto v = load_computed(d, x + i);
        const intptr_t lane =
            hn::FindFirstTrue(d, wants_nan ? hn::IsNaN(v) : hn::Eq(v, all_wanted));
        if (lane >= 0) return i + size_t(lane);
      }
    }
    for (; i < n; ++i) {
      const Element element = x[i];
      if (wants_nan ? element != element : element == wanted) break;
    }
    return i;
  }

  static constexpr Reducer make() {
    Reducer reducer{sizeof(Total), start, add_runs, add_rows, merge, finish, nullptr};
    if constexpr (totals_are_elements && !std::is_same_v<Element, complex64_t>) reducer.find = find;
    return reducer;
  }
  static constexpr Reducer reducer = make();
};

template <typename T>
void add_type(ReducerTable& t) {
  constexpr Dtype dtype = dtype_of<T>();
  t.add<Max>(dtype, Loops<Maximizing, T, Computed<T>>::reducer);
  t.add<Min>(dtype, Loops<Minimizing, T, Computed<T>>::reducer);
  if constexpr (std::is_integral_v<T>) {
    if constexpr (sizeof(T) >= 4) {  // narrower integers are summed as these
      using U = std::make_unsigned_t<T>;
      t.add<Sum>(dtype, Loops<Adding, U, U>::reducer);
      t.add<Prod>(dtype, Loops<Multiplying, U, U>::reducer);
    }
  } else {
    t.add<Sum>(dtype, Loops<Adding, T, double>::reducer);
    t.add<Prod>(dtype, Loops<Multiplying, T, double>::reducer);
  }
}

}  // namespace

void add_reducers(ReducerTable& t) {
  add_type<uint8_t>(t);
  add_type<uint16_t>(t);
  add_type<uint32_t>(t);
  add_type<uint64_t>(t);
  add_type<int8_t>(t);
  add_type<int16_t>(t);
  add_type<int32_t>(t);
  add_type<int64_t>(t);
  add_type<float16_t>(t);
  add_type<bfloat16_t>(t);
  add_type<float>(t);
  add_type<double>(t);
  // bool is a byte that is 0 or 1.
  t.add<Max>(bool_, Loops<Maximizing, uint8_t, uint8_t>::reducer);
  t.add<Min>(bool_, Loops<Minimizing, uint8_t, uint8_t>::reducer);
  t.add<Any>(bool_, Loops<Maximizing, uint8_t, uint8_t>::reducer);
  t.add<All>(bool_, Loops<MinimizingTruth, uint8_t, uint8_t>::reducer);
  using Wide = std::complex<double>;
  t.add<Sum>(complex64, Loops<Adding, complex64_t, Wide>::reducer);
  t.add<Prod>(complex64, Loops<Multiplying, complex64_t, Wide>::reducer);
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(add_reducers);

const ReducerTable& reducers() {
  // Never destroyed: kernels may run until the process ends.
  static const auto* table = [] {
    auto* made = new ReducerTable;
    ReducerTable& t = *made;
    HWY_DYNAMIC_DISPATCH(add_reducers)(t);
    add_squared_deviations(t);
    return made;
  }();
  return *table;
}

const Reducer& ReducerTable::find(const Primitive& primitive, Dtype dtype) const {
  const auto* found = reducers_.find(typeid(primitive));
  const Reducer* reducer = found ? (*found)[size_t(dtype.val)] : nullptr;
  if (!reducer) {
    throw std::invalid_argument(
        fmt::format("[{}] is not defined for {}", primitive.name(), dtype_name(dtype)));
  }
  return *reducer;
}

}  // namespace quern::cpu
#endif
