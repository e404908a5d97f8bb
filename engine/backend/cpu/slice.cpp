#include "engine/primitives/slice.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/array/dispatch.h"
#include "engine/backend/cpu/combine_row.h"
#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/strided.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/ops/update.h"
#include "engine/primitives/pad.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 16;

/// Layout of the slice of `a` that starts at `start` and steps by `steps`.
std::pair<Strides, size_t> sliced(const array& a, const Shape& start, const Shape& steps) {
  Strides strides(a.ndim());
  int64_t offset = 0;
  for (size_t i = 0; i < a.ndim(); ++i) {
    strides[i] = a.strides()[i] * steps[i];
    offset += a.strides()[i] * start[i];
  }
  return {std::move(strides), size_t(int64_t(a.byte_offset()) + offset * int64_t(a.itemsize()))};
}

void slice(const Slice& p, const Arrays& in, Arrays& out) {
  if (out[0].size() == 0) return out[0].allocate();
  const SliceRange r = resolve_slice(in[0].shape(), p.start, p.stop, p.strides, "slice");
  auto [strides, offset] = sliced(in[0], r.start, r.strides);
  out[0].set_view(in[0].buffer(), std::move(strides), offset);
}

/// Makes `out` the input's memory when nobody else sees it, or a copy.
void take_or_copy(const array& in, array& out) {
  if (in.is_donatable() && in.flags().contiguous) {
    out.set_view(in.buffer(), in.strides(), in.byte_offset());
  } else {
    out.allocate();
    copy_into(in, out);
  }
}

/// Combines the update into the part of `out` with these strides and byte offset.
void combine_into(const array& update, array& out, const Strides& strides, size_t offset,
                  Combine combine) {
  if (combine == Combine::replace) return copy_into(update, out, strides, offset);
  if (update.size() == 0) return;
  const CombineRow combine_run = combine_row(combine, out.dtype());
  const auto loop = merge_axes<2>(update.shape(), {&strides, &update.strides()});
  const auto width = int64_t(out.itemsize());
  char* to = static_cast<char*>(out.buffer()->data()) + offset;
  const char* from = update.data<char>();
  const int64_t to_stride = loop.row_stride(0), from_stride = loop.row_stride(1);
  const auto run = [&](int64_t target, int64_t source, size_t n) {
    combine_run(from + source * width, from_stride, to + target * width, to_stride, n);
  };
  const size_t row = loop.row_length();
  if (loop.rows() == 1) {
    parallel_for(row, parallel_elements, [&](size_t begin, size_t end) {
      run(int64_t(begin) * to_stride, int64_t(begin) * from_stride, end - begin);
    });
    return;
  }
  parallel_for(loop.rows(), std::max<size_t>(1, parallel_elements / row),
               [&](size_t begin, size_t end) {
                 for_each_row(loop, begin, end,
                              [&](const auto& offsets) { run(offsets[0], offsets[1], row); });
               });
}

void slice_update(const SliceUpdate& p, const Arrays& in, Arrays& out) {
  take_or_copy(in[0], out[0]);
  const SliceRange r =
      resolve_slice(out[0].shape(), p.start, p.stop, p.strides, slice_update_name(p.combine));
  const auto [strides, offset] = sliced(out[0], r.start, r.strides);
  combine_into(in[1], out[0], strides, offset, p.combine);
}

/// Where a dynamic slice of shape `part` starts in `a`, one position per axis.
Shape dynamic_start(const array& a, const array& start, const std::vector<int>& axes,
                    const Shape& part, const char* where) {
  const array dense = row_contiguous(start);
  Shape places(a.ndim(), 0);
  dispatch(dense.dtype(), [&]<typename T>(std::type_identity<T>) {
    for (size_t i = 0; i < axes.size(); ++i) {
      const auto axis = size_t(axes[i]);
      const auto place = convert_element<int64_t>(dense.data<T>()[i]);
      if (place < 0 || place > a.shape()[axis] - part[axis]) {
        throw std::out_of_range(
            fmt::format("[{}] {} elements from {} lie outside axis {} of shape {}", where,
                        part[axis], place, axis, to_string(a.shape())));
      }
      places[axis] = ShapeElem(place);
    }
  });
  return places;
}

void dynamic_slice(const DynamicSlice& p, const Arrays& in, Arrays& out) {
  const Shape start = dynamic_start(in[0], in[1], p.axes, out[0].shape(), "slice");
  if (out[0].size() == 0) return out[0].allocate();
  auto [strides, offset] = sliced(in[0], start, Shape(in[0].ndim(), 1));
  out[0].set_view(in[0].buffer(), std::move(strides), offset);
}

void dynamic_slice_update(const DynamicSliceUpdate& p, const Arrays& in, Arrays& out) {
  const Shape start =
      dynamic_start(in[0], in[2], p.axes, in[1].shape(), slice_update_name(p.combine));
  take_or_copy(in[0], out[0]);
  const auto [strides, offset] = sliced(out[0], start, Shape(out[0].ndim(), 1));
  combine_into(in[1], out[0], strides, offset, p.combine);
}

/// Fills with the scalar what the array does not cover, one end of an axis after the other.
void pad(const Pad& p, const Arrays& in, Arrays& out) {
  const array &a = in[0], &value = in[1];
  out[0].allocate();
  Shape start(a.ndim(), 0), part = out[0].shape();
  const auto fill = [&](size_t axis, ShapeElem from, ShapeElem count) {
    if (count == 0) return;
    start[axis] = from;
    part[axis] = count;
    array repeated = array::placeholder(part, value.dtype(), 0);
    repeated.set_view(value.buffer(), Strides(part.size(), 0), value.byte_offset());
    const auto [strides, offset] = sliced(out[0], start, Shape(a.ndim(), 1));
    copy_into(repeated, out[0], strides, offset);
  };
  for (size_t i = 0; i < a.ndim(); ++i) {
    fill(i, 0, p.low[i]);
    fill(i, p.low[i] + a.shape()[i], p.high[i]);
    // The axes after this one fill only where it has elements of the array.
    start[i] = p.low[i];
    part[i] = a.shape()[i];
  }
  const auto [strides, offset] = sliced(out[0], p.low, Shape(a.ndim(), 1));
  copy_into(a, out[0], strides, offset);
}

}  // namespace

void register_slice(KernelTable& table) {
  table.add<Slice, slice>();
  table.add<SliceUpdate, slice_update>();
  table.add<DynamicSlice, dynamic_slice>();
  table.add<DynamicSliceUpdate, dynamic_slice_update>();
  table.add<Pad, pad>();
}

}  // namespace quern::cpu
