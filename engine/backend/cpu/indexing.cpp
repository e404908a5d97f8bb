#include "engine/primitives/indexing.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/positions.h"
#include "engine/backend/cpu/stream_copy.h"
#include "engine/backend/cpu/strided.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 15;

/// Calls f(std::type_identity<Bits>{}) with an integer type of an element's width.
template <typename F>
void with_bits(size_t width, F&& f) {
  switch (width) {
    case 1:
      return f(std::type_identity<uint8_t>{});
    case 2:
      return f(std::type_identity<uint16_t>{});
    case 4:
      return f(std::type_identity<uint32_t>{});
    default:
      return f(std::type_identity<uint64_t>{});
  }
}

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
    } else if (stride == 1) {
      std::memcpy(target, from + source * int64_t(sizeof(Bits)), n * sizeof(Bits));
    } else {
      for (size_t j = 0; j < n; ++j) target[j] = element<Bits>(from, source + int64_t(j) * stride);
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

/// Slices of one element: without a list of where they start.
void gather_elements(const Gather& p, const Arrays& in, array& out) {
  const array& a = in[0];
  Arrays indices;
  for (size_t k = 0; k < p.axes.size(); ++k) indices.push_back(row_contiguous(in[k + 1]));
  with_bits(a.itemsize(), [&]<typename Bits>(std::type_identity<Bits>) {
    const char* from = a.data<char>();
    Bits* to = out.data<Bits>();
    parallel_for(out.size(), parallel_elements, [&](size_t begin, size_t end) {
      constexpr size_t together = 1024;
      int64_t places[together];
      for (; begin < end; begin += together) {
        const size_t n = std::min(together, end - begin);
        std::fill_n(places, n, 0);
        for (size_t k = 0; k < indices.size(); ++k) {
          const auto axis = size_t(p.axes[k]);
          add_positions(places, indices[k], begin, begin + n, a.shape()[axis], 1, a.strides()[axis],
                        "gather");
        }
        for (size_t i = 0; i < n; ++i) to[begin + i] = element<Bits>(from, places[i]);
      }
    });
  });
}

void gather(const Gather& p, const Arrays& in, Arrays& out) {
  const array& a = in[0];
  out[0].allocate();
  if (out[0].size() == 0) return;
  const Shape slice(out[0].shape().end() - std::ptrdiff_t(a.ndim()), out[0].shape().end());
  const size_t slice_size = element_count(slice);
  if (slice_size == 1) return gather_elements(p, in, out[0]);
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
  std::vector<int64_t> places(out[0].size(), 0);
  add_positions(places, in[1], a.shape(p.axis), 1, a.strides()[size_t(p.axis)], "take_along_axis");
  Strides others = a.strides();
  others[size_t(p.axis)] = 0;
  const auto loop = merge_axes<2>(out[0].shape(), {&others, &out[0].strides()});
  const size_t row = loop.row_length();
  const int64_t stride = loop.row_stride(0);
  with_bits(a.itemsize(), [&]<typename Bits>(std::type_identity<Bits>) {
    const char* from = a.data<char>();
    Bits* to = out[0].data<Bits>();
    const auto copy_range = [&](int64_t offset, size_t target, size_t first, size_t last) {
      for (size_t j = first; j < last; ++j) {
        to[target + j] = element<Bits>(from, offset + int64_t(j) * stride + places[target + j]);
      }
    };
    if (loop.rows() == 1) {
      parallel_for(row, parallel_elements,
                   [&](size_t begin, size_t end) { copy_range(0, 0, begin, end); });
      return;
    }
    parallel_for(loop.rows(), std::max<size_t>(1, parallel_elements / row),
                 [&](size_t begin, size_t end) {
                   for_each_row(loop, begin, end, [&](const auto& offset) {
                     copy_range(offset[0], size_t(offset[1]), 0, row);
                   });
                 });
  });
}

}  // namespace

void register_indexing(KernelTable& table) {
  table.add<Gather, gather>();
  table.add<GatherAxis, gather_axis>();
}

}  // namespace quern::cpu
