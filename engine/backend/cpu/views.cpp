#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/reshaped_strides.h"
#include "engine/primitives/cast.h"
#include "engine/primitives/shape.h"

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

/// Of whatever primitive that only changes the shape.
template <typename P>
void reshape(const P&, const Arrays& in, Arrays& out) {
  const array& a = in[0];
  const Shape& shape = out[0].shape();
  if (a.flags().row_contiguous) {
    out[0].set_view(a.buffer(), row_major_strides(shape), a.byte_offset());
    return;
  }
  if (auto strides = reshaped_strides(a, shape)) {
    out[0].set_view(a.buffer(), std::move(*strides), a.byte_offset());
    return;
  }
  const array dense = row_contiguous(a);
  out[0].set_view(dense.buffer(), row_major_strides(shape), dense.byte_offset());
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

void number_of_elements(const NumberOfElements& p, const Arrays& in, Arrays& out) {
  double n = 1;
  for (const int axis : p.axes) n *= in[0].shape(axis);
  out[0].allocate();
  dispatch(p.dtype, [&]<typename T>(std::type_identity<T>) {
    *out[0].data<T>() = convert_element<T>(p.inverted ? 1 / n : n);
  });
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
  table.add<Reshape, reshape<Reshape>>();
  table.add<ExpandDims, reshape<ExpandDims>>();
  table.add<Squeeze, reshape<Squeeze>>();
  table.add<Flatten, reshape<Flatten>>();
  table.add<Unflatten, reshape<Unflatten>>();
  table.add<Transpose, transpose>();
  table.add<View, view>();
  table.add<Contiguous, contiguous>();
  table.add<Copy, identity<Copy>>();
  table.add<StopGradient, identity<StopGradient>>();
  table.add<Depends, identity<Depends>>();
  table.add<Concatenate, concatenate>();
  table.add<NumberOfElements, number_of_elements>();
  table.add<AsType, as_type>();
}

}  // namespace quern::cpu
