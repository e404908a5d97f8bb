#include "engine/primitives/sort.h"

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/scratch.h"
#include "engine/backend/cpu/sort_columns.h"
#include "engine/backend/cpu/sort_keys.h"
#include "engine/backend/cpu/sort_numbers.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/transpose_block.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 13;

/// Calls f(first, last, alone) for ranges of rows: side by side where there are enough of them,
/// else for one after another, `alone` with the other threads free to help.
template <typename F>
void for_rows(size_t rows, size_t n, F&& f) {
  if (rows < size_t(ThreadPool::instance().size())) {
    for (size_t row = 0; row < rows; ++row) f(row, row + 1, true);
    return;
  }
  parallel_for(rows, std::max<size_t>(1, parallel_elements / n),
               [&](size_t first, size_t last) { f(first, last, false); });
}

/// Calls f(begin, end) for parts of n elements, or once if the other threads are not free.
template <typename F>
void for_parts(size_t n, bool alone, F&& f) {
  if (alone)
    parallel_for(n, parallel_elements, f);
  else
    f(size_t(0), n);
}

/// Whether there are enough rows, short enough, to be sorted side by side.
template <typename Number>
bool fit_side_by_side(size_t rows, size_t n) {
  return rows >= sorted_columns<Number> / 2 && n <= longest_column<Number>;
}

/// Sorts the numbers that number(row, i) tells of each of a row's n elements; put(row, i, x) gets
/// them in order.
template <typename Number, typename Tell, typename Put>
void sort_side_by_side(size_t rows, size_t n, Tell&& number, Put&& put) {
  constexpr size_t columns = sorted_columns<Number>;
  const size_t groups = (rows + columns - 1) / columns;
  const size_t grain = std::max<size_t>(1, parallel_elements / (columns * n));
  parallel_for(groups, grain, [&](size_t first, size_t last) {
    Scratch<Number> by_row(columns * n), by_column(columns * n);
    Number *in = by_row.data(), *sorted = by_column.data();
    std::fill_n(in, columns * n, Number(0));  // for columns without a row
    for (size_t group = first; group < last; ++group) {
      const size_t begin = group * columns, count = std::min(columns, rows - begin);
      for (size_t k = 0; k < count; ++k) {
        for (size_t i = 0; i < n; ++i) in[k * n + i] = number(begin + k, i);
      }
      transpose_tile(in, int64_t(n), sorted, int64_t(columns), n, columns);
      sort_columns(sorted, n);
      transpose_tile(sorted, int64_t(columns), in, int64_t(n), columns, n);
      for (size_t k = 0; k < count; ++k) {
        for (size_t i = 0; i < n; ++i) put(begin + k, i, in[k * n + i]);
      }
    }
  });
}

/// A short row's key and place in one number: of few elements, half a number is enough for either.
template <typename T>
using ShortKeyed = std::conditional_t<sizeof(T) == 4, uint64_t, uint32_t>;

/// Whether places of elements are put in order side by side.
template <typename T>
bool places_fit_side_by_side(size_t rows, size_t n) {
  return sizeof(T) < 8 && fit_side_by_side<ShortKeyed<T>>(rows, n);
}

/// Elements of one byte are as good as their counts.
template <typename T>
void sort_bytes(const T* row, size_t n, T* to) {
  size_t counts[256] = {};
  for (size_t i = 0; i < n; ++i) ++counts[sort_key(row[i])];
  for (size_t key = 0; key < 256; ++key)
    to = std::fill_n(to, counts[key], element_of<T>(SortKey<T>(key)));
}

/// Sorts many short rows at once; as_places: where order_places() does, so that the elements end up
/// where it says. Of others, calls on_row(row's elements, where they go, n) for
/// elements that are no numbers or only a byte, or else on_keys(keys, spare memory for as many, n,
/// alone), which returns where the keys are then.
template <typename OnRow, typename OnKeys>
void order_elements(const array& in, array& out, bool as_places, OnRow&& on_row, OnKeys&& on_keys) {
  out.allocate();
  if (out.size() == 0) return;
  const array dense = row_contiguous(in);
  const auto n = size_t(out.shape().back());
  const size_t rows = out.size() / n;
  dispatch(out.dtype(), [&]<typename T>(std::type_identity<T>) {
    constexpr bool has_keys = sizeof(T) > 1 && !std::is_same_v<T, complex64_t>;
    if constexpr (has_keys) {
      if (as_places ? places_fit_side_by_side<T>(rows, n) : fit_side_by_side<SortKey<T>>(rows, n)) {
        const T* from = dense.data<T>();
        T* to = out.data<T>();
        return sort_side_by_side<SortKey<T>>(
            rows, n, [=](size_t row, size_t i) { return sort_key(from[row * n + i]); },
            [=](size_t row, size_t i, SortKey<T> key) { to[row * n + i] = element_of<T>(key); });
      }
    }
    for_rows(rows, n, [&](size_t first, size_t last, bool alone) {
      Scratch<SortKey<T>> spare(has_keys ? n : 0);
      for (size_t begin = first * n; begin < last * n; begin += n) {
        const T* row = dense.data<T>() + begin;
        T* to = out.data<T>() + begin;
        if constexpr (!has_keys) {
          on_row(row, to, n);
        } else {
          auto* keys = reinterpret_cast<SortKey<T>*>(to);
          for_parts(n, alone, [&](size_t i, size_t end) {
            for (; i < end; ++i) keys[i] = sort_key(row[i]);
          });
          const SortKey<T>* ordered = on_keys(keys, spare.data(), n, alone);
          for_parts(n, alone, [&](size_t i, size_t end) {
            for (; i < end; ++i) to[i] = element_of<T>(ordered[i]);
          });
        }
      }
    });
  });
}

void sort(const Sort&, const Arrays& in, Arrays& out) {
  order_elements(
      in[0], out[0], false,
      []<typename T>(const T* row, T* to, size_t n) {
        if constexpr (sizeof(T) == 1) return sort_bytes(row, n, to);
        std::copy(row, row + n, to);
        std::stable_sort(to, to + n, sorts_before<T>);
      },
      [](auto* keys, auto* spare, size_t n, bool alone) {
        return sort_numbers(keys, spare, n, {0, 8 * sizeof(*keys)}, alone);
      });
}

void partition(const Partition& p, const Arrays& in, Arrays& out) {
  const auto kth = size_t(p.kth);
  order_elements(
      in[0], out[0], true,
      [&]<typename T>(const T* row, T* to, size_t n) {
        if constexpr (sizeof(T) == 1) return sort_bytes(row, n, to);
        std::copy(row, row + n, to);
        std::nth_element(to, to + kth, to + n, sorts_before<T>);
      },
      [&](auto* keys, auto* spare, size_t n, bool) {
        select_number(keys, spare, n, kth);
        return keys;
      });
}

/// A row's keys with their places: numbers that sort by key, equal ones by place.
template <typename T>
using Keyed = std::conditional_t<sizeof(T) == 8, PlacedKey, uint64_t>;

/// Of a Keyed<T>.
template <typename T>
constexpr KeyBits key_bits{sizeof(T) == 8 ? 0 : 32, sizeof(T) == 1 ? 16 : 8 * int(sizeof(T))};

template <typename T>
Keyed<T> keyed(T x, size_t place) {
  if constexpr (sizeof(T) == 8)
    return {tied_sort_key(x), place};
  else
    return uint64_t(tied_sort_key(x)) << 32 | place;
}

uint32_t place_of(uint64_t keyed) { return uint32_t(keyed); }
uint32_t place_of(const PlacedKey& keyed) { return uint32_t(keyed.place); }

/// Puts the places of each row's elements in order: many short rows at once, or else one by one:
/// on_numbers gets numbers as keyed() makes them, spare memory for as many, n, which bits order
/// them and `alone`, and returns where they are then; on_places gets a range of places and how to
/// compare them.
template <typename Numbers, typename Places>
void order_places(const array& in, array& out, Numbers&& on_numbers, Places&& on_places) {
  out.allocate();
  if (out.size() == 0) return;
  const array dense = row_contiguous(in);
  const auto n = size_t(out.shape().back());
  const size_t rows = out.size() / n;
  dispatch(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    constexpr bool has_keys = !std::is_same_v<T, complex64_t>;
    if constexpr (has_keys && sizeof(T) < 8) {
      using Number = ShortKeyed<T>;
      constexpr int half = 4 * sizeof(Number);
      if (places_fit_side_by_side<T>(rows, n)) {
        const T* from = dense.data<T>();
        uint32_t* places = out.data<uint32_t>();
        return sort_side_by_side<Number>(
            rows, n,
            [=](size_t row, size_t i) {
              return Number(Number(tied_sort_key(from[row * n + i])) << half | Number(i));
            },
            [=](size_t row, size_t i, Number x) {
              places[row * n + i] = uint32_t(x & (~Number(0) >> half));
            });
      }
    }
    for_rows(rows, n, [&](size_t first, size_t last, bool alone) {
      Scratch<Keyed<T>> numbers(has_keys ? n : 0), spare(has_keys ? n : 0);
      for (size_t begin = first * n; begin < last * n; begin += n) {
        const T* row = dense.data<T>() + begin;
        uint32_t* places = out.data<uint32_t>() + begin;
        if constexpr (!has_keys) {
          std::iota(places, places + n, 0u);
          on_places(places, places + n,
                    [row](uint32_t a, uint32_t b) { return sorts_before(row[a], row[b]); });
        } else {
          for_parts(n, alone, [&](size_t i, size_t end) {
            for (; i < end; ++i) numbers.data()[i] = keyed(row[i], i);
          });
          const Keyed<T>* ordered = on_numbers(numbers.data(), spare.data(), n, key_bits<T>, alone);
          for_parts(n, alone, [&](size_t i, size_t end) {
            for (; i < end; ++i) places[i] = place_of(ordered[i]);
          });
        }
      }
    });
  });
}

void arg_sort(const ArgSort&, const Arrays& in, Arrays& out) {
  order_places(
      in[0], out[0],
      [](auto* numbers, auto* spare, size_t n, KeyBits bits, bool alone) {
        return sort_numbers(numbers, spare, n, bits, alone);
      },
      [](auto first, auto last, auto before) { std::stable_sort(first, last, before); });
}

void arg_partition(const ArgPartition& p, const Arrays& in, Arrays& out) {
  const auto kth = size_t(p.kth);
  order_places(
      in[0], out[0],
      [&](auto* numbers, auto* spare, size_t n, KeyBits, bool) {
        select_number(numbers, spare, n, kth);
        return numbers;
      },
      [&](auto first, auto last, auto before) {
        std::nth_element(first, first + kth, last, before);
      });
}

void search_sorted(const SearchSorted& p, const std::vector<array>& in,
                   std::vector<array>& outputs) {
  const array sequences = row_contiguous(in[0]), values = row_contiguous(in[1]);
  outputs[0].allocate();
  if (values.size() == 0) return;
  uint32_t* out = outputs[0].data<uint32_t>();
  const auto length = size_t(sequences.shape(-1));
  size_t batch = 1;
  for (size_t axis = 0; axis + 1 < sequences.ndim(); ++axis)
    batch *= size_t(sequences.shape()[axis]);
  const size_t searches = values.size() / batch;  // of each sequence
  dispatch(sequences.dtype(), [&]<typename T>(std::type_identity<T>) {
    const T *all = sequences.data<T>(), *x = values.data<T>();
    parallel_for(values.size(), parallel_elements, [&](size_t begin, size_t end) {
      const T *first = all + begin / searches * length, *last = first + length;
      size_t left = searches - begin % searches;  // of this sequence
      for (size_t i = begin; i < end; ++i, --left) {
        if (left == 0) {
          first = last;
          last += length;
          left = searches;
        }
        const T* place = p.right ? std::upper_bound(first, last, x[i], sorts_before<T>)
                                 : std::lower_bound(first, last, x[i], sorts_before<T>);
        out[i] = uint32_t(place - first);
      }
    });
  });
}

}  // namespace

void register_sort(KernelTable& table) {
  table.add<ArgPartition, arg_partition>();
  table.add<ArgSort, arg_sort>();
  table.add<Partition, partition>();
  table.add<SearchSorted, search_sorted>();
  table.add<Sort, sort>();
}

}  // namespace quern::cpu
