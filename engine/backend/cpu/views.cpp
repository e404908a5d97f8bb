#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/primitives/cast.h"
#include "engine/primitives/shape.h"
#include "engine/primitives/slice.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

void share(const array& in, array& out) {
  out.set_view(in.buffer(), in.strides(), in.byte_offset());
}

void as_strided(const AsStrided& p, const Arrays& in, Arrays& out) {
  out[0].set_view(in[0].buffer(), p.strides, in[0].byte_offset() + p.offset * in[0].itemsize());
}

void broadcast_to(const BroadcastTo&, const Arrays& in, Arrays& out) {
  const array& a = in[0];
  Strides strides(out[0].ndim(), 0);
  const size_t lead = out[0].ndim() - a.ndim();
  for (size_t i = 0; i < a.ndim(); ++i) strides[lead + i] = a.shape()[i] == 1 ? 0 : a.strides()[i];
  out[0].set_view(a.buffer(), std::move(strides), a.byte_offset());
}

/// Strides that read `a` in row-major order under another shape; false when none exist.
bool reshaped_strides(const array& a, const Shape& shape, Strides& strides) {
  strides = Strides(shape.size(), 0);
  Shape from;
  Strides steps;
  for (size_t i = 0; i < a.ndim(); ++i) {
    if (a.shape()[i] == 1) continue;
    from.push_back(a.shape()[i]);
    steps.push_back(a.strides()[i]);
  }
  size_t i = 0, j = 0;
  while (j < shape.size()) {
    if (shape[j] == 1) {
      strides[j++] = 1;
      continue;
    }
    // One run of old axes against one run of new axes with the same product.
    int64_t old_product = from[i], new_product = shape[j];
    const size_t first_old = i, first_new = j;
    while (old_product != new_product) {
      if (old_product < new_product)
        old_product *= from[++i];
      else
        new_product *= shape[++j];
    }
    for (size_t k = first_old; k < i; ++k) {
      if (steps[k] != steps[k + 1] * from[k + 1]) return false;
    }
    int64_t step = steps[i];
    for (size_t k = j + 1; k-- > first_new;) {
      strides[k] = step;
      step *= shape[k];
    }
    ++i;
    ++j;
  }
  return true;
}

void reshape(const Reshape&, const Arrays& in, Arrays& out) {
  const array& a = in[0];
  const Shape& shape = out[0].shape();
  if (a.flags().row_contiguous) {
    out[0].set_view(a.buffer(), row_major_strides(shape), a.byte_offset());
    return;
  }
  Strides strides;
  if (reshaped_strides(a, shape, strides)) {
    out[0].set_view(a.buffer(), std::move(strides), a.byte_offset());
    return;
  }
  const array dense = row_contiguous(a);
  out[0].set_view(dense.buffer(), row_major_strides(shape), dense.byte_offset());
}

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

void transpose(const Transpose& p, const Arrays& in, Arrays& out) {
  Strides strides;
  for (const int axis : p.axes) strides.push_back(in[0].strides()[size_t(axis)]);
  out[0].set_view(in[0].buffer(), std::move(strides), in[0].byte_offset());
}

void view(const View&, const Arrays& in, Arrays& out) {
  if (in[0].itemsize() == out[0].itemsize()) return share(in[0], out[0]);
  const array dense = row_contiguous(in[0]);
  out[0].set_view(dense.buffer(), row_major_strides(out[0].shape()), dense.byte_offset());
}

void contiguous(const Contiguous&, const Arrays& in, Arrays& out) {
  share(row_contiguous(in[0]), out[0]);
}

template <typename P>
void identity(const P&, const Arrays& in, Arrays& out) {
  for (size_t i = 0; i < out.size(); ++i) share(in[i], out[i]);
}

void concatenate(const Concatenate& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  size_t offset = 0;
  for (const array& a : in) {
    copy_into(a, out[0], out[0].strides(), offset);
    offset +=
        size_t(a.shape()[size_t(p.axis)]) * size_t(out[0].strides()[size_t(p.axis)]) * a.itemsize();
  }
}

/// Makes `out` the input's memory when nobody else sees it, or a copy.
void take_or_copy(const array& in, array& out) {
  if (in.is_donatable() && in.flags().contiguous) {
    share(in, out);
  } else {
    out.allocate();
    copy_into(in, out);
  }
}

void slice_update(const SliceUpdate& p, const Arrays& in, Arrays& out) {
  take_or_copy(in[0], out[0]);
  const SliceRange r = resolve_slice(out[0].shape(), p.start, p.stop, p.strides, "slice_update");
  const auto [strides, offset] = sliced(out[0], r.start, r.strides);
  copy_into(in[1], out[0], strides, offset);
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
      if (place < 0 || place + part[axis] > a.shape()[axis]) {
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
  const Shape start = dynamic_start(in[0], in[1], p.axes, p.slice_size, "slice");
  if (out[0].size() == 0) return out[0].allocate();
  auto [strides, offset] = sliced(in[0], start, Shape(in[0].ndim(), 1));
  out[0].set_view(in[0].buffer(), std::move(strides), offset);
}

void dynamic_slice_update(const DynamicSliceUpdate& p, const Arrays& in, Arrays& out) {
  const Shape start = dynamic_start(in[0], in[2], p.axes, in[1].shape(), "slice_update");
  take_or_copy(in[0], out[0]);
  const auto [strides, offset] = sliced(out[0], start, Shape(out[0].ndim(), 1));
  copy_into(in[1], out[0], strides, offset);
}

void as_type(const AsType&, const Arrays& in, Arrays& out) {
  // A dense layout is kept, so that a transposed weight stays transposed.
  if (in[0].flags().contiguous && !in[0].flags().row_contiguous) {
    out[0].set_view(Buffer::allocate(out[0].nbytes()), in[0].strides(), 0);
  } else {
    out[0].allocate();
  }
  copy_into(in[0], out[0]);
}

}  // namespace

void register_views(KernelTable& table) {
  table.add<AsStrided, as_strided>();
  table.add<BroadcastTo, broadcast_to>();
  table.add<Reshape, reshape>();
  table.add<Slice, slice>();
  table.add<Transpose, transpose>();
  table.add<View, view>();
  table.add<Contiguous, contiguous>();
  table.add<Copy, identity<Copy>>();
  table.add<StopGradient, identity<StopGradient>>();
  table.add<Depends, identity<Depends>>();
  table.add<Concatenate, concatenate>();
  table.add<SliceUpdate, slice_update>();
  table.add<DynamicSlice, dynamic_slice>();
  table.add<DynamicSliceUpdate, dynamic_slice_update>();
  table.add<AsType, as_type>();
}

}  // namespace quern::cpu
