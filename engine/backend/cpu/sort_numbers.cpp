#include "engine/backend/cpu/sort_numbers.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/backend/cpu/rank_numbers.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

/// Fewer are sorted on one thread.
constexpr size_t parallel_numbers = size_t(1) << 16;
/// Fewer are sorted by comparing.
constexpr size_t radix_numbers = 64;

/// A digit of a byte: its places in the other memory, one per value, stay in the first-level cache
/// while the numbers go there.
constexpr int digit_bits = 8;
constexpr size_t digit_values = size_t(1) << digit_bits;

template <typename Number>
Number key_of(Number x) {
  return x;
}
uint64_t key_of(const PlacedKey& x) { return x.key; }

template <typename Number>
bool before(const Number& a, const Number& b) {
  return a < b;
}
bool before(const PlacedKey& a, const PlacedKey& b) {
  return a.key < b.key || (a.key == b.key && a.place < b.place);
}

template <typename Number>
size_t digit(const Number& x, int shift) {
  return size_t(key_of(x) >> shift) & (digit_values - 1);
}

/// By one digit after the other, the lowest first; those that all numbers share are passed over.
template <int digits, typename Number>
Number* radix_sort(Number* numbers, Number* spare, size_t n, int first_bit) {
  uint32_t counts[digits][digit_values] = {};
  for (size_t i = 0; i < n; ++i) {
    for (int d = 0; d < digits; ++d) ++counts[d][digit(numbers[i], first_bit + d * digit_bits)];
  }
  for (int d = 0; d < digits; ++d) {
    const int shift = first_bit + d * digit_bits;
    uint32_t* next = counts[d];
    if (next[digit(numbers[0], shift)] == n) continue;
    uint32_t place = 0;
    for (size_t value = 0; value < digit_values; ++value)
      place += std::exchange(next[value], place);
    for (size_t i = 0; i < n; ++i) spare[next[digit(numbers[i], shift)]++] = numbers[i];
    std::swap(numbers, spare);
  }
  return numbers;
}

/// Few numbers of at most 32 bits.
template <typename Number>
Number* rank_sort(const Number* numbers, Number* spare, size_t n) {
  int32_t keys[most_ranked] = {};
  uint32_t ranks[most_ranked];
  for (size_t i = 0; i < n; ++i) keys[i] = int32_t(uint32_t(numbers[i]) ^ 0x80000000u);
  rank_numbers(keys, n, ranks);
  for (size_t i = 0; i < n; ++i) spare[ranks[i]] = numbers[i];
  return spare;
}

template <typename Number>
Number* sort_here(Number* numbers, Number* spare, size_t n, KeyBits bits) {
  if constexpr (sizeof(Number) <= 4) {
    if (n <= most_ranked) return rank_sort(numbers, spare, n);
  }
  if (n >= radix_numbers && n <= UINT32_MAX) {
    if (bits.count == 16) return radix_sort<2>(numbers, spare, n, bits.first);
    if constexpr (sizeof(Number) >= 4) {
      if (bits.count == 32) return radix_sort<4>(numbers, spare, n, bits.first);
    }
    if constexpr (sizeof(Number) >= 8) return radix_sort<8>(numbers, spare, n, bits.first);
  }
  std::sort(numbers, numbers + n, [](const Number& a, const Number& b) { return before(a, b); });
  return numbers;
}

/// Where part `k` of n things in `parts` begins.
size_t part(size_t n, size_t k, size_t parts) { return n / parts * k + std::min(k, n % parts); }

/// How many of the first k numbers of two sorted runs together come from the first.
template <typename Number>
size_t taken_of_first(const Number* a, size_t na, const Number* b, size_t nb, size_t k) {
  size_t low = k > nb ? k - nb : 0, high = std::min(k, na);
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (before(b[k - middle - 1], a[middle]))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

/// Of equal numbers, those of the first run come first.
template <typename Number>
void merge(const Number* a, size_t na, const Number* b, size_t nb, Number* out) {
  const Number *a_end = a + na, *b_end = b + nb;
  while (a != a_end && b != b_end) {
    const bool second = before(*b, *a);
    *out++ = second ? *b : *a;
    a += !second;
    b += second;
  }
  out = std::copy(a, a_end, out);
  std::copy(b, b_end, out);
}

/// Two neighbouring runs, [begin, middle) and [middle, end).
struct Runs {
  size_t begin, middle, end;
};

/// Merges neighbours, each pair's result cut so that all threads have work.
template <typename Number>
void merge_pairs(const Number* from, Number* to, const std::vector<Runs>& pairs, size_t pieces) {
  parallel_for(pairs.size() * pieces, 1, [&](size_t first, size_t last) {
    for (size_t task = first; task < last; ++task) {
      const Runs& runs = pairs[task / pieces];
      const Number *a = from + runs.begin, *b = from + runs.middle;
      const size_t na = runs.middle - runs.begin, nb = runs.end - runs.middle;
      const size_t begin = part(na + nb, task % pieces, pieces);
      const size_t end = part(na + nb, task % pieces + 1, pieces);
      const size_t a_begin = taken_of_first(a, na, b, nb, begin);
      const size_t a_end = taken_of_first(a, na, b, nb, end);
      merge(a + a_begin, a_end - a_begin, b + (begin - a_begin), end - a_end - (begin - a_begin),
            to + runs.begin + begin);
    }
  });
}

/// A part per thread, then neighbours merged until one is left.
template <typename Number>
Number* sort_together(Number* numbers, Number* spare, size_t n, KeyBits bits, size_t threads) {
  std::vector<size_t> bounds;
  for (size_t k = 0; k <= threads; ++k) bounds.push_back(part(n, k, threads));
  parallel_for(threads, 1, [&](size_t first, size_t last) {
    for (size_t k = first; k < last; ++k) {
      Number* begin = numbers + bounds[k];
      const size_t count = bounds[k + 1] - bounds[k];
      const Number* sorted = sort_here(begin, spare + bounds[k], count, bits);
      if (sorted != begin) std::copy_n(sorted, count, begin);
    }
  });
  while (bounds.size() > 2) {
    std::vector<Runs> pairs;
    std::vector<size_t> merged = {0};
    for (size_t k = 0; k + 1 < bounds.size(); k += 2) {
      const size_t end = bounds[std::min(k + 2, bounds.size() - 1)];
      pairs.push_back({bounds[k], bounds[k + 1], end});
      merged.push_back(end);
    }
    merge_pairs(numbers, spare, pairs, (threads + pairs.size() - 1) / pairs.size());
    std::swap(numbers, spare);
    bounds = std::move(merged);
  }
  return numbers;
}

}  // namespace

template <typename Number>
Number* sort_numbers(Number* numbers, Number* spare, size_t n, KeyBits bits, bool alone) {
  const auto threads = size_t(ThreadPool::instance().size());
  if (alone && threads > 1 && n >= parallel_numbers)
    return sort_together(numbers, spare, n, bits, threads);
  return sort_here(numbers, spare, n, bits);
}

// Counts the upper digits to see which of them place k has. What has smaller or larger ones goes to
// the ends unsorted; only the few with that one are looked at closely.
template <typename Number>
void select_number(Number* numbers, Number* spare, size_t n, size_t k) {
  constexpr size_t few = 4096, upper_bits = 11;
  constexpr size_t shift = 8 * sizeof(decltype(key_of(*numbers))) - upper_bits;
  const auto upper = [](const Number& x) { return size_t(key_of(x) >> shift); };
  const auto choose = [](Number* first, size_t place, size_t count) {
    std::nth_element(first, first + place, first + count,
                     [](const Number& a, const Number& b) { return before(a, b); });
  };
  if (n < few) return choose(numbers, k, n);
  std::vector<size_t> counts(size_t(1) << upper_bits, 0);
  for (size_t i = 0; i < n; ++i) ++counts[upper(numbers[i])];
  size_t smaller = 0, wanted = 0;
  while (smaller + counts[wanted] <= k) smaller += counts[wanted++];
  const size_t same = counts[wanted];
  Number* places[3] = {spare, spare + smaller, spare + smaller + same};
  for (size_t i = 0; i < n; ++i) {
    const size_t digits = upper(numbers[i]);
    *places[size_t(digits >= wanted) + size_t(digits > wanted)]++ = numbers[i];
  }
  choose(spare + smaller, k - smaller, same);
  std::copy_n(spare, n, numbers);
}

template uint16_t* sort_numbers(uint16_t*, uint16_t*, size_t, KeyBits, bool);
template uint32_t* sort_numbers(uint32_t*, uint32_t*, size_t, KeyBits, bool);
template uint64_t* sort_numbers(uint64_t*, uint64_t*, size_t, KeyBits, bool);
template PlacedKey* sort_numbers(PlacedKey*, PlacedKey*, size_t, KeyBits, bool);
template void select_number(uint16_t*, uint16_t*, size_t, size_t);
template void select_number(uint32_t*, uint32_t*, size_t, size_t);
template void select_number(uint64_t*, uint64_t*, size_t, size_t);
template void select_number(PlacedKey*, PlacedKey*, size_t, size_t);

}  // namespace quern::cpu
