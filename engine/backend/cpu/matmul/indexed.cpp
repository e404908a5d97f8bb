#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/matmul/joined.h"
#include "engine/primitives/indexed_matmul.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

/// The matrices of a [count, rows, columns].
template <typename T>
struct Stack {
  explicit Stack(const array& a)
      : first{a.data<T>(), a.shape(1), a.shape(2), a.strides()[1], a.strides()[2]},
        step(a.strides()[0]) {}

  const T* start(int64_t i) const { return first.data + i * step; }
  Matrix<T> at(int64_t i) const {
    Matrix<T> m = first;
    m.data = start(i);
    return m;
  }

  Matrix<T> first;
  int64_t step;
};

/// The matrices where a product can read them: copied if BLAS has to and cannot.
array readable(const array& a, int rows_axis) {
  if (a.dtype() != float64 && a.dtype() != complex64) return a;
  const Matrix<double> layout{nullptr, a.shape(rows_axis), a.shape(rows_axis + 1),
                              a.strides()[size_t(rows_axis)], a.strides()[size_t(rows_axis) + 1]};
  return blas_readable(layout) ? a : row_contiguous(a);
}

/// The values of int64 indices, checked.
std::vector<int64_t> checked_indices(const array& indices, int64_t length, const char* where) {
  const array dense = row_contiguous(indices);
  const auto* from = dense.data<int64_t>();
  std::vector<int64_t> out(from, from + dense.size());
  for (const int64_t i : out) {
    if (i < 0 || i >= length) {
      throw std::out_of_range(fmt::format("[{}] index {} into {} matrices", where, i, length));
    }
  }
  return out;
}

/// Calls f(group, members) for each group that has members: the places in `groups` that name it, in
/// order. Side by side when there are enough for all threads, else one after another, so that f can
/// share its work out.
template <typename F>
void for_each_group(const std::vector<int64_t>& groups, int64_t count, F&& f) {
  std::vector<size_t> ends(size_t(count) + 1, 0), members(groups.size());
  for (const int64_t g : groups) ++ends[size_t(g) + 1];
  std::vector<int64_t> used;
  for (size_t g = 0; g < size_t(count); ++g) {
    if (ends[g + 1] != 0) used.push_back(int64_t(g));
    ends[g + 1] += ends[g];
  }
  std::vector<size_t> next(ends.begin(), ends.end() - 1);
  for (size_t i = 0; i < groups.size(); ++i) members[next[size_t(groups[i])]++] = i;
  const size_t grain = used.size() < size_t(ThreadPool::instance().size()) ? used.size() : 1;
  parallel_for(used.size(), std::max<size_t>(1, grain), [&](size_t begin, size_t end) {
    for (size_t u = begin; u < end; ++u) {
      const int64_t g = used[u];
      f(g, std::vector<size_t>(members.begin() + ptrdiff_t(ends[size_t(g)]),
                               members.begin() + ptrdiff_t(ends[size_t(g) + 1])));
    }
  });
}

/// Calls f with the type of the elements of a float or complex array.
template <typename F>
void dispatch_inexact(Dtype dtype, F&& f) {
  dispatch(dtype, [&]<typename T>(std::type_identity<T> type) {
    if constexpr (!std::is_integral_v<T>) f(type);
  });
}

void fill_zeros(array& out) { std::fill_n(out.data<char>(), out.nbytes(), char(0)); }

/// The product of each index into outs[i], [a.rows, b.columns]; those that share b become one with
/// more rows.
template <typename T, typename Out>
void multiply_each(const Stack<T>& a, const Stack<T>& b, int64_t b_count,
                   const std::vector<int64_t>& lhs, const std::vector<int64_t>& rhs,
                   const std::vector<Out*>& outs) {
  for_each_group(rhs, b_count, [&](int64_t g, const std::vector<size_t>& members) {
    Joined<T> rows{a.first.transposed(), {}};
    std::vector<Out*> to;
    for (const size_t i : members) {
      rows.starts.push_back(a.start(lhs[i]));
      to.push_back(outs[i]);
    }
    multiply_rows(rows, b.at(g), to);
  });
}

void gather_mm(const GatherMM&, const Arrays& in, Arrays& out) {
  out[0].allocate();
  const std::vector<int64_t> lhs = checked_indices(in[2], in[0].shape(0), "gather_mm");
  const std::vector<int64_t> rhs = checked_indices(in[3], in[1].shape(0), "gather_mm");
  if (out[0].size() == 0) return;
  if (in[0].shape(2) == 0) return fill_zeros(out[0]);
  const array a = readable(in[0], 1), b = readable(in[1], 1);
  dispatch_inexact(a.dtype(), [&]<typename T>(std::type_identity<T>) {
    std::vector<T*> outs;
    const int64_t size = int64_t(out[0].shape(1)) * out[0].shape(2);
    for (size_t i = 0; i < lhs.size(); ++i) outs.push_back(out[0].data<T>() + int64_t(i) * size);
    multiply_each(Stack<T>(a), Stack<T>(b), b.shape(0), lhs, rhs, outs);
  });
}

/// Where the products of a scatter_mm go.
struct Scatter {
  std::vector<int64_t> lhs, rhs, to;
  int64_t results;

  /// Whether no two go to one result.
  bool is_apart() const {
    std::vector<bool> used(size_t(results), false);
    for (const int64_t t : to) {
      if (used[size_t(t)]) return false;
      used[size_t(t)] = true;
    }
    return true;
  }
};

/// Products of many rows that go to one result become one with a longer inner axis.
template <typename T>
void scatter_joined(const Stack<T>& a, const Stack<T>& b, const Scatter& s, T* out) {
  const int64_t n = b.first.columns, size = a.first.rows * n;
  for_each_group(s.to, s.results, [&](int64_t g, const std::vector<size_t>& members) {
    Joined<T> as{a.first, {}}, bs{b.first.transposed(), {}};
    for (const size_t i : members) {
      as.starts.push_back(a.start(s.lhs[i]));
      bs.starts.push_back(b.start(s.rhs[i]));
    }
    multiply_sum(as, bs, out + g * size, n);
  });
}

/// Products of few rows are made first, so that those that share b read it once, and then added.
template <typename T>
void scatter_apart(const Stack<T>& a, const Stack<T>& b, int64_t b_count, const Scatter& s,
                   T* out) {
  using Sum = std::conditional_t<sizeof(T) == 2, float, T>;
  const int64_t size = a.first.rows * b.first.columns;
  Scratch<Sum> products(s.to.size() * size_t(size));
  std::vector<Sum*> outs;
  for (size_t i = 0; i < s.to.size(); ++i) outs.push_back(products.data() + int64_t(i) * size);
  multiply_each(a, b, b_count, s.lhs, s.rhs, outs);
  for_each_group(s.to, s.results, [&](int64_t g, const std::vector<size_t>& members) {
    Sum* sums = outs[members[0]];
    for (size_t m = 1; m < members.size(); ++m) {
      const Sum* more = outs[members[m]];
      for (int64_t j = 0; j < size; ++j) sums[j] += more[j];
    }
    std::transform(sums, sums + size, out + g * size, [](Sum x) { return T(x); });
  });
}

void scatter_mm(const ScatterMM& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  fill_zeros(out[0]);
  const Scatter s{checked_indices(in[2], in[0].shape(0), "gather_mm"),
                  checked_indices(in[3], in[1].shape(0), "gather_mm"),
                  checked_indices(in[4], p.results, "gather_mm"), p.results};
  if (out[0].size() == 0 || in[0].shape(2) == 0) return;
  const array a = readable(in[0], 1), b = readable(in[1], 1);
  dispatch_inexact(a.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Stack<T> left(a), right(b);
    T* to = out[0].data<T>();
    const int64_t rows = a.shape(1), size = rows * b.shape(2);
    constexpr int64_t few_rows = 16;
    if (s.is_apart()) {
      std::vector<T*> outs;
      for (const int64_t t : s.to) outs.push_back(to + t * size);
      multiply_each(left, right, b.shape(0), s.lhs, s.rhs, outs);
    } else if (rows < few_rows && a.shape(2) > rows) {
      scatter_apart(left, right, b.shape(0), s, to);
    } else {
      scatter_joined(left, right, s, to);
    }
  });
}

struct Segment {
  int64_t begin, end;
};

std::vector<Segment> checked_segments(const array& segments, int64_t length) {
  const array dense = row_contiguous(segments);
  const auto* bounds = dense.data<int64_t>();
  std::vector<Segment> out(size_t(segments.shape(0)));
  for (size_t s = 0; s < out.size(); ++s) {
    out[s] = {bounds[2 * s], bounds[2 * s + 1]};
    if (out[s].begin < 0 || out[s].end < 0 || std::max(out[s].begin, out[s].end) > length) {
      throw std::out_of_range(
          fmt::format("[segmented_mm] segment {} to {} of an inner axis of length {}", out[s].begin,
                      out[s].end, length));
    }
  }
  return out;
}

void segmented_mm(const SegmentedMM&, const Arrays& in, Arrays& out) {
  out[0].allocate();
  fill_zeros(out[0]);
  const std::vector<Segment> segments = checked_segments(in[2], in[0].shape(1));
  if (out[0].size() == 0) return;
  const array a = readable(in[0], 0), b = readable(in[1], 0);
  const int64_t m = a.shape(0), n = b.shape(1);
  dispatch_inexact(a.dtype(), [&]<typename T>(std::type_identity<T>) {
    for (size_t s = 0; s < segments.size(); ++s) {
      const auto [k, end] = segments[s];
      if (k >= end) continue;
      const T* left = a.data<T>() + k * a.strides()[1];
      const T* right = b.data<T>() + k * b.strides()[0];
      const Joined<T> as{{left, m, end - k, a.strides()[0], a.strides()[1]}, {left}};
      const Joined<T> bs{{right, n, end - k, b.strides()[1], b.strides()[0]}, {right}};
      multiply_sum(as, bs, out[0].data<T>() + int64_t(s) * m * n, n);
    }
  });
}

/// The inner axis cut wherever a segment begins or ends: within a piece the same segments overlap.
void segmented_sum(const SegmentedSum&, const Arrays& in, Arrays& out) {
  out[0].allocate();
  fill_zeros(out[0]);
  const int64_t depth = in[1].shape(0);
  const std::vector<Segment> segments = checked_segments(in[2], depth);
  if (out[0].size() == 0 || in[1].shape(1) == 0) return;
  const array c = readable(in[0], 1), b = readable(in[1], 0);
  std::vector<int64_t> cuts;
  for (const auto& [begin, end] : segments) cuts.insert(cuts.end(), {begin, end});
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  dispatch_inexact(c.dtype(), [&]<typename T>(std::type_identity<T>) {
    const Stack<T> left(c);
    for (size_t i = 1; i < cuts.size(); ++i) {
      const T* right = b.data<T>() + cuts[i - 1] * b.strides()[0];
      Joined<T> cs{left.first, {}};
      Joined<T> bs{{right, cuts[i] - cuts[i - 1], b.shape(1), b.strides()[0], b.strides()[1]}, {}};
      for (size_t s = 0; s < segments.size(); ++s) {
        if (segments[s].begin > cuts[i - 1] || segments[s].end < cuts[i]) continue;
        cs.starts.push_back(left.start(int64_t(s)));
        bs.starts.push_back(right);
      }
      if (!cs.starts.empty()) multiply_sum(cs, bs, out[0].data<T>() + cuts[i - 1], depth);
    }
  });
}

}  // namespace

void register_indexed_matmul(KernelTable& table) {
  table.add<GatherMM, gather_mm>();
  table.add<ScatterMM, scatter_mm>();
  table.add<SegmentedMM, segmented_mm>();
  table.add<SegmentedSum, segmented_sum>();
}

}  // namespace quern::cpu
