#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/reduce/reducers.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"
#include "engine/primitives/reduce.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 15;
/// A reduction to few results is cut into parts of this many elements, which threads share and
/// whose totals are then merged: the same parts, hence the same rounding, for any number of
/// threads.
constexpr size_t part_elements = size_t(1) << 16;
/// Wide rows that lie there as they are needed are taken in strips of so many columns, and parts of
/// them have so many rows that their totals are few beside them.
constexpr size_t strip_columns = 4096;
constexpr size_t strip_rows = 64;

/// A reduction as [outer, reduced, inner]: results are [outer, inner], row-major. Inner axes are
/// dense, so that rows of them can be taken column by column; there are none when elements of one
/// result are closer together than neighbouring results.
struct Plan {
  Shape shape;
  Strides strides;
  size_t outer = 1;
  size_t reduced = 1;
  size_t inner = 1;

  Plan(const array& a, const std::vector<int>& axes) {
    std::vector<size_t> kept, gone;
    for (size_t axis = 0; axis < a.ndim(); ++axis) {
      const bool reduce = std::binary_search(axes.begin(), axes.end(), int(axis));
      (reduce ? gone : kept).push_back(axis);
    }
    std::stable_sort(gone.begin(), gone.end(), [&](size_t x, size_t y) {
      return std::abs(a.strides()[x]) > std::abs(a.strides()[y]);
    });
    size_t split = kept.size();
    int64_t dense = 1;
    while (split > 0) {
      const size_t axis = kept[split - 1];
      if (a.shape()[axis] != 1 && a.strides()[axis] != dense) break;
      dense *= a.shape()[axis];
      --split;
    }
    for (size_t i = 0; i < split; ++i) outer *= append(a, kept[i]);
    for (const size_t axis : gone) reduced *= append(a, axis);
    for (size_t i = split; i < kept.size(); ++i) inner *= append(a, kept[i]);
  }

  size_t append(const array& a, size_t axis) {
    shape.push_back(a.shape()[axis]);
    strides.push_back(a.strides()[axis]);
    return size_t(a.shape()[axis]);
  }
};

/// Elements [row_begin, row_end) of the reduced axis, for `width` results from `column` on, into
/// totals.
void accumulate(const TileReader& reader, const Plan& plan, const Reducer& reducer, size_t outer,
                size_t column, size_t width, size_t row_begin, size_t row_end, void* totals) {
  const size_t first = outer * plan.reduced;
  if (plan.inner > 1) {
    if (const void* elements = reader.in_place((first + row_begin) * plan.inner + column))
      return reducer.add_rows(elements, plan.inner, width, row_end - row_begin, totals);
  }
  TileMemory scratch;
  const size_t rows_together = width == plan.inner ? tile_elements / width : 1;
  for (size_t row = row_begin; row < row_end; row += rows_together) {
    const size_t rows = std::min(rows_together, row_end - row);
    const void* elements = reader.read((first + row) * plan.inner + column, rows * width, scratch);
    if (plan.inner == 1)
      reducer.add_runs(elements, rows, 1, totals);
    else
      reducer.add_rows(elements, width, width, rows, totals);
  }
}

/// Many results of few elements each: all those that fit are taken from one tile.
void reduce_short_runs(const TileReader& reader, const TileWriter& writer, const Plan& plan,
                       const Reducer& reducer) {
  const size_t together = tile_elements / plan.reduced;
  parallel_for(plan.outer, parallel_elements / plan.reduced, [&](size_t begin, size_t end) {
    TileMemory scratch, result;
    alignas(64) char totals[tile_elements * max_total_size];
    for (size_t first = begin; first < end; first += together) {
      const size_t n = std::min(together, end - first);
      reducer.start(totals, n);
      reducer.add_runs(reader.read(first * plan.reduced, n * plan.reduced, scratch), plan.reduced,
                       n, totals);
      reducer.finish(totals, n, writer.place(first, result));
      writer.finish(first, n, result);
    }
  });
}

void reduce(const Primitive& primitive, const std::vector<array>& in, std::vector<array>& outputs) {
  array& out = outputs[0];
  out.allocate();
  if (out.size() == 0) return;
  const array& a = in[0];
  const Dtype compute = compute_dtype(a.dtype());
  const Reducer& reducer = reducers().find(primitive, a.dtype());
  const Plan plan(a, static_cast<const Reduction&>(primitive).axes);
  const TileReader reader(a, plan.shape, plan.strides, a.dtype());
  const TileWriter writer(out, compute);

  if (plan.inner == 1 && plan.reduced > 0 && plan.reduced <= tile_elements / 2) {
    return reduce_short_runs(reader, writer, plan, reducer);
  }
  const bool strips = plan.inner > 1 && reader.in_place(0);
  const size_t width = std::min(plan.inner, strips ? strip_columns : tile_elements);
  const size_t columns = (plan.inner + width - 1) / width;
  const size_t results = plan.outer * columns;  // of `width` elements each
  size_t part = std::max<size_t>(1, plan.reduced);
  if (results < 64)
    part = std::min(part, std::max(strips ? strip_rows : size_t(1), part_elements / width));
  const size_t parts = std::max<size_t>(1, (plan.reduced + part - 1) / part);

  const auto finish = [&](size_t result, const void* totals, char* scratch) {
    const size_t column = result % columns * width;
    const size_t n = std::min(width, plan.inner - column);
    const size_t at = result / columns * plan.inner + column;
    reducer.finish(totals, n, writer.place(at, scratch));
    for (size_t i = 0; i < n; i += tile_elements)
      writer.finish(at + i, std::min(tile_elements, n - i), scratch + i * compute.size());
  };
  const auto total = [&](size_t result, size_t index, void* totals) {
    const size_t column = result % columns * width;
    const size_t n = std::min(width, plan.inner - column);
    reducer.start(totals, n);
    accumulate(reader, plan, reducer, result / columns, column, n, index * part,
               std::min(plan.reduced, (index + 1) * part), totals);
  };

  const size_t stride = width * reducer.total_size, result_bytes = width * compute.size();
  const size_t grain = std::max<size_t>(1, parallel_elements / std::max<size_t>(1, part * width));
  if (parts == 1) {
    parallel_for(results, grain, [&](size_t begin, size_t end) {
      const std::unique_ptr<char[]> memory(new char[stride + result_bytes]);
      for (size_t result = begin; result < end; ++result) {
        total(result, 0, memory.get());
        finish(result, memory.get(), memory.get() + stride);
      }
    });
    return;
  }
  const std::unique_ptr<char[]> partial(new char[results * parts * stride + result_bytes]);
  parallel_for(results * parts, grain, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) total(i / parts, i % parts, &partial[i * stride]);
  });
  for (size_t result = 0; result < results; ++result) {
    char* totals = &partial[result * parts * stride];
    const size_t n = std::min(width, plan.inner - result % columns * width);
    for (size_t i = 1; i < parts; ++i) reducer.merge(totals + i * stride, n, totals);
    finish(result, totals, &partial[results * parts * stride]);
  }
}

}  // namespace

void register_reduce(KernelTable& table) {
  table.add<All>(reduce);
  table.add<Any>(reduce);
  table.add<Max>(reduce);
  table.add<Min>(reduce);
  table.add<Prod>(reduce);
  table.add<SquaredDeviations>(reduce);
  table.add<Sum>(reduce);
}

}  // namespace quern::cpu
