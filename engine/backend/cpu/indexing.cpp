#include "engine/primitives/indexing.h"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/strided.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

/// The values of an integer array, in row-major order, checked against [-length, length) and made
/// non-negative.
std::vector<int64_t> positions(const array& indices, int64_t length, const char* where) {
  const array dense = row_contiguous(indices);
  std::vector<int64_t> out(dense.size());
  dispatch(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    const T* from = dense.data<T>();
    for (size_t i = 0; i < out.size(); ++i) {
      const auto value = convert_element<int64_t>(from[i]);
      const int64_t place = value < 0 ? value + length : value;
      if (place < 0 || place >= length) {
        throw std::out_of_range(
            fmt::format("[{}] index {} is outside an axis of length {}", where, value, length));
      }
      out[i] = place;
    }
  });
  return out;
}

void gather(const Gather& p, const Arrays& in, Arrays& out) {
  const array& a = in[0];
  out[0].allocate();
  if (out[0].size() == 0) return;

  // Where each slice starts in `a`, in elements.
  const size_t count = in.size() > 1 ? in[1].size() : 1;
  std::vector<int64_t> starts(count, 0);
  for (size_t k = 0; k < p.axes.size(); ++k) {
    const auto axis = size_t(p.axes[k]);
    const int64_t length = a.shape()[axis], size = p.slice_sizes[axis];
    const std::vector<int64_t> places = positions(in[k + 1], length, "gather");
    for (size_t i = 0; i < count; ++i) {
      if (places[i] + size > length) {
        throw std::out_of_range(
            fmt::format("[gather] a slice of {} from {} passes the end of an axis of length {}",
                        size, places[i], length));
      }
      starts[i] += places[i] * a.strides()[axis];
    }
  }

  const size_t slice_size = element_count(p.slice_sizes);
  const size_t width = a.itemsize();
  const Strides dense = row_major_strides(p.slice_sizes);
  const auto loop = merge_axes<2>(p.slice_sizes, {&a.strides(), &dense});
  const size_t row = loop.row_length(), rows = loop.rows();
  const int64_t stride = loop.row_stride(0);
  const char* from = a.data<char>();
  char* to = out[0].data<char>();
  parallel_for(count, std::max<size_t>(1, (size_t(1) << 16) / (slice_size * width)),
               [&](size_t begin, size_t end) {
                 for (size_t i = begin; i < end; ++i) {
                   for_each_row(loop, 0, rows, [&](const auto& offset) {
                     const char* source = from + (starts[i] + offset[0]) * int64_t(width);
                     char* target = to + (int64_t(i * slice_size) + offset[1]) * int64_t(width);
                     if (stride == 1 || row == 1) {
                       std::memcpy(target, source, row * width);
                     } else {
                       for (size_t j = 0; j < row; ++j) {
                         std::memcpy(target + j * width,
                                     source + int64_t(j) * stride * int64_t(width), width);
                       }
                     }
                   });
                 }
               });
}

/// Calls f(i, offset of a's element) for each index in row-major order, where the index says where
/// along the axis the element is.
template <typename F>
void along_axis(const array& a, const Strides& strides, const array& indices, int axis,
                const char* where, F&& f) {
  const std::vector<int64_t> places = positions(indices, a.shape(axis), where);
  Strides others = strides;
  others[size_t(axis)] = 0;
  const Strides dense = row_major_strides(indices.shape());
  const auto loop = merge_axes<2>(indices.shape(), {&others, &dense});
  const int64_t step = strides[size_t(axis)], stride = loop.row_stride(0),
                next = loop.row_stride(1);
  for_each_row(loop, 0, loop.rows(), [&](const auto& offset) {
    for (size_t j = 0; j < loop.row_length(); ++j) {
      const int64_t i = offset[1] + int64_t(j) * next;
      f(size_t(i), offset[0] + int64_t(j) * stride + places[size_t(i)] * step);
    }
  });
}

void gather_axis(const GatherAxis& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  if (out[0].size() == 0) return;
  const size_t width = out[0].itemsize();
  const char* from = in[0].data<char>();
  char* to = out[0].data<char>();
  along_axis(in[0], in[0].strides(), in[1], p.axis, "take_along_axis",
             [&](size_t i, int64_t offset) {
               std::memcpy(to + i * width, from + offset * int64_t(width), width);
             });
}

void scatter_axis(const ScatterAxis& p, const Arrays& in, Arrays& out) {
  if (!out[0].take_or_allocate(in[0])) copy_into(in[0], out[0]);
  if (in[1].size() == 0) return;
  const array values = row_contiguous(in[2]);
  const size_t width = out[0].itemsize();
  const char* from = values.data<char>();
  char* to = out[0].data<char>();
  along_axis(out[0], out[0].strides(), in[1], p.axis, "put_along_axis",
             [&](size_t i, int64_t offset) {
               std::memcpy(to + offset * int64_t(width), from + i * width, width);
             });
}

}  // namespace

void register_indexing(KernelTable& table) {
  table.add<Gather, gather>();
  table.add<GatherAxis, gather_axis>();
  table.add<ScatterAxis, scatter_axis>();
}

}  // namespace quern::cpu
