#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include "engine/backend/cpu/combine_row.h"
#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/element_bits.h"
#include "engine/backend/cpu/positions.h"
#include "engine/backend/cpu/strided.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"
#include "engine/ops/update.h"
#include "engine/primitives/indexing.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 15;
constexpr size_t tile_columns = 2048;

/// The updates as rows: each combines into the elements from a target on that lie along the axes
/// which are not indexed. Rows with different targets do not meet, so that a thread may own all
/// rows of some targets, or a part of all rows.
struct Rows {
  std::vector<int64_t> targets;  ///< offsets in the output of the rows' first elements
  std::vector<int64_t> windows;  ///< offsets in a slice of the rows that it consists of
  int64_t slice_size = 1;        ///< elements of the updates per slice
  StridedLoop<2> loop;           ///< over a row's elements; operands: output, updates
  const char* updates = nullptr;
  char* out = nullptr;
  int64_t width = 1;  ///< bytes of an element
  Combine combine = Combine::replace;
  Dtype dtype = float32;

  size_t count() const { return targets.size(); }
  size_t row_size() const { return loop.rows() * loop.row_length(); }
  int64_t source(size_t k) const {
    if (windows.size() == 1) return int64_t(k) * slice_size + windows[0];
    return int64_t(k / windows.size()) * slice_size + windows[k % windows.size()];
  }
};

/// A part of every row: rows of its loop, or columns when it has only one.
struct Tile {
  size_t begin, end;
};

std::vector<Tile> tiles_of(const Rows& rows) {
  const bool columns = rows.loop.rows() == 1;
  const size_t n = columns ? rows.loop.row_length() : rows.loop.rows();
  const size_t step =
      columns ? tile_columns : std::max<size_t>(1, tile_columns / rows.loop.row_length());
  std::vector<Tile> tiles;
  for (size_t begin = 0; begin < n; begin += step) {
    tiles.push_back({begin, std::min(n, begin + step)});
  }
  return tiles;
}

/// Calls f(offset in the output's row, offset in the update's, elements) for the runs of a tile.
template <typename F>
void for_each_run(const Rows& rows, Tile tile, F&& f) {
  if (rows.loop.rows() == 1) {
    f(int64_t(tile.begin) * rows.loop.row_stride(0), int64_t(tile.begin) * rows.loop.row_stride(1),
      tile.end - tile.begin);
    return;
  }
  for_each_row(rows.loop, tile.begin, tile.end,
               [&](const auto& offsets) { f(offsets[0], offsets[1], rows.loop.row_length()); });
}

/// Combines the rows first..last, in the order that number(i) gives them.
template <typename Number>
void combine_in_order(const Rows& rows, size_t first, size_t last, Tile tile, Number&& number) {
  const CombineRow combine = combine_row(rows.combine, rows.dtype);
  const int64_t dst_stride = rows.loop.row_stride(0), src_stride = rows.loop.row_stride(1);
  for (size_t i = first; i < last; ++i) {
    const size_t k = number(i);
    const char* src = rows.updates + rows.source(k) * rows.width;
    char* dst = rows.out + rows.targets[k] * rows.width;
    for_each_run(rows, tile, [&](int64_t to, int64_t from, size_t n) {
      combine(src + from * rows.width, src_stride, dst + to * rows.width, dst_stride, n);
    });
  }
}

/// The same for half dtypes, rounded once: `order` puts equal targets side by side.
void combine_groups(const Rows& rows, const uint32_t* order, size_t count, Tile tile,
                    CombineRows combine) {
  const int64_t dst_stride = rows.loop.row_stride(0), src_stride = rows.loop.row_stride(1);
  std::vector<const char*> sources, run;
  for (size_t first = 0; first < count;) {
    const int64_t target = rows.targets[order[first]];
    sources.clear();
    size_t last = first;
    for (; last < count && rows.targets[order[last]] == target; ++last) {
      sources.push_back(rows.updates + rows.source(order[last]) * rows.width);
    }
    first = last;
    for_each_run(rows, tile, [&](int64_t to, int64_t from, size_t n) {
      run = sources;
      for (const char*& source : run) source += from * rows.width;
      combine(run.data(), run.size(), src_stride, rows.out + (target + to) * rows.width, dst_stride,
              n);
    });
  }
}

/// Rows grouped into buckets of neighbouring targets, in order within each.
struct Buckets {
  std::vector<uint32_t> order;
  std::vector<size_t> bounds;  ///< bucket b is order[bounds[b]] to order[bounds[b + 1]]
};

/// One pass of a radix sort: every chunk of rows counts its own, then knows where to put them.
Buckets partition(const std::vector<int64_t>& targets, size_t at_most) {
  const int64_t highest = *std::max_element(targets.begin(), targets.end());
  int shift = 0;
  while (size_t(highest >> shift) >= at_most) ++shift;
  const size_t buckets = size_t(highest >> shift) + 1;
  const size_t chunks = size_t(ThreadPool::instance().size());
  const size_t chunk = (targets.size() + chunks - 1) / chunks;
  std::vector<std::vector<size_t>> places(chunks, std::vector<size_t>(buckets, 0));
  const auto for_each_chunk = [&](auto&& f) {
    parallel_for(chunks, 1, [&](size_t begin, size_t end) {
      for (size_t c = begin; c < end; ++c) {
        const size_t last = std::min(targets.size(), (c + 1) * chunk);
        for (size_t k = c * chunk; k < last; ++k) f(places[c][size_t(targets[k] >> shift)], k);
      }
    });
  };
  for_each_chunk([](size_t& place, size_t) { ++place; });
  Buckets out;
  out.order.resize(targets.size());
  size_t next = 0;
  for (size_t b = 0; b < buckets; ++b) {
    out.bounds.push_back(next);
    for (size_t c = 0; c < chunks; ++c) next += std::exchange(places[c][b], next);
  }
  out.bounds.push_back(next);
  for_each_chunk([&](size_t& place, size_t k) { out.order[place++] = uint32_t(k); });
  return out;
}

void sort_by_target(const Rows& rows, uint32_t* begin, uint32_t* end) {
  std::stable_sort(begin, end,
                   [&](uint32_t a, uint32_t b) { return rows.targets[a] < rows.targets[b]; });
}

void combine_all(const Rows& rows) {
  const std::vector<Tile> tiles = tiles_of(rows);
  const bool countable = rows.count() <= UINT32_MAX;
  const CombineRows halves = countable ? combine_rows(rows.combine, rows.dtype) : nullptr;
  const auto threads = size_t(ThreadPool::instance().size());
  const size_t work = rows.count() * rows.row_size();
  const bool small = work <= parallel_elements || !countable;
  const size_t grain = std::max<size_t>(1, parallel_elements * tiles.size() / work);
  // In order over all rows, where parts of them are enough for the threads.
  if (!halves && (small || tiles.size() >= 2 * threads)) {
    parallel_for(tiles.size(), small ? tiles.size() : grain, [&](size_t begin, size_t end) {
      for (size_t t = begin; t < end; ++t) {
        combine_in_order(rows, 0, rows.count(), tiles[t], [](size_t i) { return i; });
      }
    });
    return;
  }
  const size_t split = small || tiles.size() >= 2 * threads ? 1 : 8 * threads;
  Buckets buckets = partition(rows.targets, split);
  const size_t count = buckets.bounds.size() - 1;
  if (halves) {
    parallel_for(count, small ? count : 1, [&](size_t begin, size_t end) {
      for (size_t b = begin; b < end; ++b) {
        sort_by_target(rows, buckets.order.data() + buckets.bounds[b],
                       buckets.order.data() + buckets.bounds[b + 1]);
      }
    });
  }
  const size_t jobs = count * tiles.size();
  parallel_for(jobs, small ? jobs : 1, [&](size_t begin, size_t end) {
    for (size_t job = begin; job < end; ++job) {
      const size_t first = buckets.bounds[job / tiles.size()];
      const size_t last = buckets.bounds[job / tiles.size() + 1];
      const Tile tile = tiles[job % tiles.size()];
      if (halves) {
        combine_groups(rows, buckets.order.data() + first, last - first, tile, halves);
      } else {
        combine_in_order(rows, first, last, tile, [&](size_t i) { return buckets.order[i]; });
      }
    }
  });
}

/// Takes slices apart along the indexed axes, so that what is left of them meets wholly or not at
/// all.
void split_windows(Rows& rows, const Shape& slice, const std::vector<bool>& indexed,
                   const Strides& out_strides) {
  const Strides dense = row_major_strides(slice);
  Shape window = slice, row = slice;
  for (size_t i = 0; i < slice.size(); ++i) (indexed[i] ? row : window)[i] = 1;
  rows.loop = merge_axes<2>(row, {&out_strides, &dense});
  const auto windows = merge_axes<2>(window, {&out_strides, &dense});
  std::vector<int64_t> steps;
  for_each_row(windows, 0, windows.rows(), [&](const auto& offsets) {
    for (size_t i = 0; i < windows.row_length(); ++i) {
      steps.push_back(offsets[0] + int64_t(i) * windows.row_stride(0));
      rows.windows.push_back(offsets[1] + int64_t(i) * windows.row_stride(1));
    }
  });
  if (steps.size() == 1) return;
  std::vector<int64_t> targets;
  targets.reserve(rows.targets.size() * steps.size());
  for (const int64_t target : rows.targets) {
    for (const int64_t step : steps) targets.push_back(target + step);
  }
  rows.targets = std::move(targets);
}

/// Slices of one element, in order.
void replace_elements(const Scatter& p, const Arrays& in, const array& updates, array& out) {
  Arrays indices;
  for (size_t k = 0; k < p.axes.size(); ++k) indices.push_back(row_contiguous(in[k + 1]));
  with_bits(out.itemsize(), [&]<typename Bits>(std::type_identity<Bits>) {
    const Bits* from = updates.data<Bits>();
    Bits* to = out.data<Bits>();
    int64_t targets[tile_elements];
    for (size_t begin = 0; begin < updates.size(); begin += tile_elements) {
      const size_t n = std::min(tile_elements, updates.size() - begin);
      std::fill_n(targets, n, 0);
      for (size_t k = 0; k < indices.size(); ++k) {
        const auto axis = size_t(p.axes[k]);
        add_positions(targets, indices[k], begin, begin + n, out.shape()[axis], 1,
                      out.strides()[axis], scatter_name(p.combine));
      }
      for (size_t i = 0; i < n; ++i) {
        __builtin_prefetch(to + targets[std::min(i + 32, n - 1)]);
        to[targets[i]] = from[begin + i];
      }
    }
  });
}

void scatter(const Scatter& p, const Arrays& in, Arrays& out) {
  if (!out[0].take_or_allocate(in[0])) copy_into(in[0], out[0]);
  if (in.back().size() == 0) return;
  const array updates = row_contiguous(in.back());
  const size_t lead = updates.ndim() - out[0].ndim();
  const Shape slice(updates.shape().begin() + lead, updates.shape().end());
  const size_t slice_size = element_count(slice);
  // Sorting them for several threads costs more than three threads gain.
  if (slice_size == 1 && p.combine == Combine::replace && ThreadPool::instance().size() < 4)
    return replace_elements(p, in, updates, out[0]);

  Rows rows;
  rows.slice_size = int64_t(slice_size);
  rows.targets.assign(updates.size() / size_t(rows.slice_size), 0);
  std::vector<bool> indexed(slice.size(), false);
  for (size_t k = 0; k < p.axes.size(); ++k) {
    const auto axis = size_t(p.axes[k]);
    indexed[axis] = true;
    add_positions(rows.targets, in[k + 1], out[0].shape()[axis], slice[axis],
                  out[0].strides()[axis], scatter_name(p.combine));
  }
  rows.updates = updates.data<char>();
  rows.out = out[0].data<char>();
  rows.width = int64_t(out[0].itemsize());
  rows.combine = p.combine;
  rows.dtype = out[0].dtype();
  split_windows(rows, slice, indexed, out[0].strides());
  combine_all(rows);
}

/// Combines values along the middle of three axes: [outer, values, inner] into [outer, length,
/// inner], both dense. A task owns a block of inner columns, all along the axis.
struct Lines {
  size_t outer, inner, length, values;
  const array* indices;  ///< of the values' shape
  const char* where;     ///< to be named when one is outside the axis
  const char* from;
  char* to;

  /// Calls f(first place, first element of `to`, columns) for parts of a task's size.
  template <typename F>
  void for_each_block(F&& f) const {
    constexpr size_t columns = 256;
    const size_t blocks = (inner + columns - 1) / columns;
    const size_t work = values * std::min(inner, columns);
    parallel_for(outer * blocks, std::max<size_t>(1, parallel_elements / std::max<size_t>(1, work)),
                 [&](size_t begin, size_t end) {
                   for (size_t task = begin; task < end; ++task) {
                     const size_t o = task / blocks, first = task % blocks * columns;
                     f(o * values * inner + first, o * length * inner + first,
                       std::min(columns, inner - first));
                   }
                 });
  }

  /// Calls f(value, place) for a block's values in order, `source` being the first: place counts
  /// from the block's first element, where lines of the axis are `stride` elements apart.
  template <typename F>
  void for_each_value(size_t source, size_t columns, size_t stride, F&& f) const {
    const bool is_dense = columns == inner;
    const size_t run = is_dense ? values * inner : columns;
    const size_t most = tile_elements / columns * columns;
    int64_t places[tile_elements];
    for (size_t first = source; first < source + values * inner; first += is_dense ? run : inner) {
      for (size_t begin = 0; begin < run; begin += most) {
        const size_t n = std::min(most, run - begin);
        for (size_t k = 0; k < n; k += columns)
          std::iota(places + k, places + k + columns, int64_t(0));
        add_positions(places, *indices, first + begin, first + begin + n, int64_t(length), 1,
                      int64_t(stride), where);
        for (size_t k = 0; k < n; ++k) f(first + begin + k, size_t(places[k]));
      }
    }
  }
};

template <typename Bits>
void replace_lines(const Lines& lines) {
  const Bits* from = reinterpret_cast<const Bits*>(lines.from);
  Bits* to = reinterpret_cast<Bits*>(lines.to);
  lines.for_each_block([&](size_t source, size_t target, size_t columns) {
    lines.for_each_value(source, columns, lines.inner,
                         [&](size_t value, size_t place) { to[target + place] = from[value]; });
  });
}

template <typename T>
void add_lines(const Lines& lines) {
  constexpr bool half = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;
  using Sum = std::conditional_t<half, float, T>;
  const T* from = reinterpret_cast<const T*>(lines.from);
  T* to = reinterpret_cast<T*>(lines.to);
  lines.for_each_block([&](size_t source, size_t target, size_t columns) {
    const auto add = [&](Sum* sums, size_t stride) {
      lines.for_each_value(source, columns, stride, [&](size_t value, size_t place) {
        Sum& sum = sums[place];
        if constexpr (std::is_same_v<T, bool>)
          sum = sum || from[value];
        else
          sum = Sum(sum + Sum(from[value]));
      });
    };
    if constexpr (half) {
      std::vector<float> sums(lines.length * columns);
      for (size_t n = 0; n < sums.size(); ++n) {
        sums[n] = float(to[target + n / columns * lines.inner + n % columns]);
      }
      add(sums.data(), columns);
      for (size_t n = 0; n < sums.size(); ++n) {
        to[target + n / columns * lines.inner + n % columns] = T(sums[n]);
      }
    } else {
      add(to + target, lines.inner);
    }
  });
}

void scatter_axis(const ScatterAxis& p, const Arrays& in, Arrays& out) {
  if (!out[0].take_or_allocate(in[0])) copy_into(in[0], out[0]);
  if (in[1].size() == 0) return;
  const bool adds = p.combine == Combine::add;
  const array indices = row_contiguous(in[1]), values = row_contiguous(in[2]);
  const Shape& shape = out[0].shape();
  size_t outer = 1, inner = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (int(i) != p.axis) (int(i) < p.axis ? outer : inner) *= size_t(shape[i]);
  }
  const Lines lines{outer,
                    inner,
                    size_t(shape[size_t(p.axis)]),
                    size_t(values.shape(p.axis)),
                    &indices,
                    adds ? "scatter_add_axis" : "put_along_axis",
                    values.data<char>(),
                    out[0].data<char>()};
  if (!adds) {
    return with_bits(out[0].itemsize(),
                     [&]<typename Bits>(std::type_identity<Bits>) { replace_lines<Bits>(lines); });
  }
  dispatch(out[0].dtype(), [&]<typename T>(std::type_identity<T>) { add_lines<T>(lines); });
}

}  // namespace

void register_scatter(KernelTable& table) {
  table.add<Scatter, scatter>();
  table.add<ScatterAxis, scatter_axis>();
}

}  // namespace quern::cpu
