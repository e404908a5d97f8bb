#include "engine/primitives/sort.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/sort_keys.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 13;

template <typename F>
void for_each_row_of(const array& a, F&& f) {
  if (a.size() == 0) return;
  const auto n = size_t(a.shape().back());
  parallel_for(a.size() / n, std::max<size_t>(1, parallel_elements / n),
               [&](size_t begin, size_t end) {
                 for (size_t row = begin; row < end; ++row) f(row * n, n);
               });
}

/// Least-significant-digit radix sort of numbers whose upper half is the key and whose lower half,
/// the index, is in order already: stable, and several times faster than comparing.
void sort_by_key(std::vector<uint64_t>& pairs) {
  constexpr size_t too_few_for_radix = 1024;
  if (pairs.size() < too_few_for_radix) {
    std::sort(pairs.begin(), pairs.end());
    return;
  }
  constexpr int digit_bits = 11;
  constexpr size_t buckets = size_t(1) << digit_bits;
  std::vector<uint64_t> sorted(pairs.size());
  for (int shift = 32; shift < 64; shift += digit_bits) {
    size_t start[buckets + 1] = {};
    for (const uint64_t pair : pairs) ++start[(pair >> shift & (buckets - 1)) + 1];
    std::partial_sum(start, start + buckets, start);
    for (const uint64_t pair : pairs) sorted[start[pair >> shift & (buckets - 1)]++] = pair;
    pairs.swap(sorted);
  }
}

/// A row's elements, of at most 32 bits, with their places.
template <typename T>
std::vector<uint64_t> keyed(const T* row, size_t n) {
  std::vector<uint64_t> pairs(n);
  for (size_t i = 0; i < n; ++i) pairs[i] = uint64_t(sort_key(row[i])) << 32 | i;
  return pairs;
}

/// Puts a row's indices in order: `on_pairs` orders pairs (key, index) as numbers; `on_indices`
/// orders indices by comparing elements that no 32-bit key stands for.
template <typename T, typename Pairs, typename Indices>
void order_indices(const T* row, size_t n, uint32_t* out, Pairs&& on_pairs, Indices&& on_indices) {
  if constexpr (sizeof(T) <= 4) {
    std::vector<uint64_t> pairs = keyed(row, n);
    on_pairs(pairs);
    for (size_t i = 0; i < n; ++i) out[i] = uint32_t(pairs[i]);
  } else {
    std::iota(out, out + n, 0u);
    on_indices(out, out + n,
               [row](uint32_t a, uint32_t b) { return sorts_before(row[a], row[b]); });
  }
}

void sort(const Sort&, const std::vector<array>& in, std::vector<array>& outputs) {
  const array dense = row_contiguous(in[0]);
  array& out = outputs[0];
  out.allocate();
  dispatch(out.dtype(), [&]<typename T>(std::type_identity<T>) {
    for_each_row_of(out, [&](size_t begin, size_t n) {
      const T* row = dense.data<T>() + begin;
      T* to = out.data<T>() + begin;
      if constexpr (sizeof(T) <= 4) {
        std::vector<uint64_t> pairs = keyed(row, n);
        sort_by_key(pairs);
        for (size_t i = 0; i < n; ++i) to[i] = row[uint32_t(pairs[i])];
      } else {
        std::copy(row, row + n, to);
        std::stable_sort(to, to + n, sorts_before<T>);
      }
    });
  });
}

void partition(const Partition& p, const std::vector<array>& in, std::vector<array>& outputs) {
  array& out = outputs[0];
  out.allocate();
  copy_into(in[0], out);
  dispatch(out.dtype(), [&]<typename T>(std::type_identity<T>) {
    for_each_row_of(out, [&](size_t begin, size_t n) {
      T* row = out.data<T>() + begin;
      std::nth_element(row, row + p.kth, row + n, sorts_before<T>);
    });
  });
}

void arg_sort(const ArgSort&, const std::vector<array>& in, std::vector<array>& outputs) {
  const array dense = row_contiguous(in[0]);
  outputs[0].allocate();
  uint32_t* out = outputs[0].data<uint32_t>();
  dispatch(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    for_each_row_of(dense, [&](size_t begin, size_t n) {
      order_indices(
          dense.data<T>() + begin, n, out + begin, sort_by_key,
          [](auto first, auto last, auto before) { std::stable_sort(first, last, before); });
    });
  });
}

void arg_partition(const ArgPartition& p, const std::vector<array>& in,
                   std::vector<array>& outputs) {
  const array dense = row_contiguous(in[0]);
  outputs[0].allocate();
  uint32_t* out = outputs[0].data<uint32_t>();
  dispatch(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    for_each_row_of(dense, [&](size_t begin, size_t n) {
      order_indices(
          dense.data<T>() + begin, n, out + begin,
          [&](std::vector<uint64_t>& pairs) {
            std::nth_element(pairs.begin(), pairs.begin() + p.kth, pairs.end());
          },
          [&](auto first, auto last, auto before) {
            std::nth_element(first, first + p.kth, last, before);
          });
    });
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
