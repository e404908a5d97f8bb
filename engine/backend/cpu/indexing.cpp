#include "engine/primitives/indexing.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/backend/cpu/ask_for.h"
#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/element_bits.h"
#include "engine/backend/cpu/positions.h"
#include "engine/backend/cpu/stream_copy.h"
#include "engine/backend/cpu/strided.h"
#include "engine/backend/cpu/strided_row.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 15;

/// Element `i` of memory that may lie at any address, as a mapped file's does.
template <typename Bits>
Bits element(const char* from, int64_t i) {
  Bits bits;
  std::memcpy(&bits, from + i * int64_t(sizeof(Bits)), sizeof(Bits));
  return bits;
}

/// Copies the slices that start at `starts` one after the other; loop: over a slice, in the source
/// and in the output.
template <typename Bits>
void gather_slices(const char* from, Bits* to, const std::vector<int64_t>& starts,
                   size_t slice_size, const StridedLoop<2>& loop) {
  const size_t row = loop.row_length(), rows = loop.rows();
  const int64_t stride = loop.row_stride(0);
  const bool streams =
      is_streamed(starts.size() * slice_size * sizeof(Bits)) && row * sizeof(Bits) % 64 == 0;
  const auto copy_run = [&](int64_t source, Bits* target, size_t n) {
    if (stride == 1 && streams) {
      stream_copy(from + source * int64_t(sizeof(Bits)), target, n * sizeof(Bits));
    } else {
      gather_row(from + source * int64_t(sizeof(Bits)), stride, target, n, sizeof(Bits));
    }
  };
  // Where the elements of a slice lie in different cache lines, those of other slices that lie in
  // the same ones are copied along.
  constexpr size_t block = 64 / sizeof(Bits);
  if (rows == 1 && starts.size() > 1 && size_t(std::abs(stride)) >= block) {
    const size_t blocks = (row + block - 1) / block;
    const size_t grain = std::max<size_t>(1, parallel_elements / (block * starts.size()));
    parallel_for(blocks, grain, [&](size_t begin, size_t end) {
      for (size_t first = begin * block; first < std::min(row, end * block); first += block) {
        const size_t n = std::min(block, row - first);
        for (size_t i = 0; i < starts.size(); ++i)
          copy_run(starts[i] + int64_t(first) * stride, to + i * slice_size + first, n);
      }
    });
    return;
  }
  if (rows == 1 && starts.size() == 1) {
    parallel_for(row, parallel_elements, [&](size_t begin, size_t end) {
      copy_run(starts[0] + int64_t(begin) * stride, to + begin, end - begin);
      if (streams) finish_streaming();
    });
    return;
  }
  // All rows of all slices, so that few large slices are shared out too.
  parallel_for(starts.size() * rows, std::max<size_t>(1, parallel_elements / row),
               [&](size_t begin, size_t end) {
                 for (size_t next = begin; next < end;) {
                   const size_t i = next / rows, first = next % rows;
                   const size_t last = std::min(rows, first + (end - next));
                   for_each_row(loop, first, last, [&](const auto& offset) {
                     copy_run(starts[i] + offset[0], to + i * slice_size + size_t(offset[1]), row);
                   });
                   next += last - first;
                 }
                 if (streams) finish_streaming();
               });
}

/// Copies the elements whose places in `a` start(places, begin, n) tells, for the n of the output
/// from `begin` on: a tile at a time, without a list of them all.
template <typename Start>
void gather_elements(const array& a, array& out, Start&& start) {
  const TileWriter writer(out, out.dtype(), true);
  with_bits(a.itemsize(), [&]<typename Bits>(std::type_identity<Bits>) {
    const char* from = a.data<char>();
    parallel_for(out.size(), parallel_elements, [&](size_t begin, size_t end) {
      int64_t places[tile_elements];
      TileMemory result;
      for (; begin < end; begin += tile_elements) {
        const size_t n = std::min(tile_elements, end - begin);
        start(places, begin, n);
        Bits* to = static_cast<Bits*>(writer.place(begin, result));
        for (size_t i = 0; i < n; ++i) to[i] = element<Bits>(from, places[i]);
        writer.finish(begin, n, result);
      }
      writer.end();
    });
  });
}

void gather(const Gather& p, const Arrays& in, Arrays& out) {
  const array& a = in[0];
  out[0].allocate();
  if (out[0].size() == 0) return;
  const Shape slice(out[0].shape().end() - std::ptrdiff_t(a.ndim()), out[0].shape().end());
  const size_t slice_size = element_count(slice);
  if (slice_size == 1) {
    Arrays indices;
    for (size_t k = 0; k < p.axes.size(); ++k) indices.push_back(row_contiguous(in[k + 1]));
    return gather_elements(a, out[0], [&](int64_t* places, size_t begin, size_t n) {
      std::fill_n(places, n, 0);
      for (size_t k = 0; k < indices.size(); ++k) {
        const auto axis = size_t(p.axes[k]);
        add_positions(places, indices[k], begin, begin + n, a.shape()[axis], 1, a.strides()[axis],
                      "gather");
      }
    });
  }
  // Where each slice starts in `a`, in elements.
  std::vector<int64_t> starts(out[0].size() / slice_size, 0);
  for (size_t k = 0; k < p.axes.size(); ++k) {
    const auto axis = size_t(p.axes[k]);
    add_positions(starts, in[k + 1], a.shape()[axis], slice[axis], a.strides()[axis], "gather");
  }
  const Strides dense = row_major_strides(slice);
  const auto loop = merge_axes<2>(slice, {&a.strides(), &dense});
  with_bits(a.itemsize(), [&]<typename Bits>(std::type_identity<Bits>) {
    gather_slices(a.data<char>(), out[0].data<Bits>(), starts, slice_size, loop);
  });
}

void gather_axis(const GatherAxis& p, const Arrays& in, Arrays& out) {
  const array& a = in[0];
  out[0].allocate();
  if (out[0].size() == 0) return;
  const array indices = row_contiguous(in[1]);
  // Where the output's elements would lie if all indices were 0.
  Strides others = a.strides();
  others[size_t(p.axis)] = 0;
  const auto loop = merge_axes<1>(out[0].shape(), {&others});
  const size_t length = loop.row_length();
  const int64_t step = loop.row_stride(0);
  // Elements taken from anywhere in a dense row: the next row is asked for meanwhile, where it will
  // be needed whole.
  const size_t row_bytes = size_t(a.shape(p.axis)) * a.itemsize();
  constexpr size_t most_asked_for = size_t(1) << 16;
  const bool has_next = step == 0 && loop.shape.size() > 1 && row_bytes <= most_asked_for &&
                        a.strides()[size_t(p.axis)] == 1 && row_bytes / 64 <= length;
  const size_t asked_for = has_next ? (row_bytes + length - 1) / length : 0;  // per element
  const int64_t next_row = has_next ? loop.strides[0][loop.shape.size() - 2] : 0;
  gather_elements(a, out[0], [&](int64_t* places, size_t begin, size_t n) {
    int64_t* next = places;
    size_t skip = begin % length;
    for_each_row(loop, begin / length, (begin + n - 1) / length + 1, [&](const auto& offset) {
      const size_t count = std::min(size_t(places + n - next), length - skip);
      ask_for(a.data<char>() + (offset[0] + next_row) * int64_t(a.itemsize()) + skip * asked_for,
              count * asked_for);
      if (step == 0) {
        std::fill_n(next, count, offset[0]);
      } else {
        for (size_t j = 0; j < count; ++j) next[j] = offset[0] + int64_t(skip + j) * step;
      }
      next += count;
      skip = 0;
    });
    add_positions(places, indices, begin, begin + n, a.shape(p.axis), 1,
                  a.strides()[size_t(p.axis)], "take_along_axis");
    ask_for(indices.data<char>() + (begin + n) * indices.itemsize(), n * indices.itemsize());
  });
}

}  // namespace

void register_indexing(KernelTable& table) {
  table.add<Gather, gather>();
  table.add<GatherAxis, gather_axis>();
}

}  // namespace quern::cpu
