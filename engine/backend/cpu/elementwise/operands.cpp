#include "engine/backend/cpu/elementwise/operands.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/backend/cpu/tile_reader.h"

namespace quern::cpu {

namespace {

bool is_constant(const array& a) {
  for (size_t i = 0; i < a.ndim(); ++i) {
    if (a.shape()[i] != 1 && a.strides()[i] != 0) return false;
  }
  return true;
}

}  // namespace

bool same_layout(const array& a, const array& b) {
  for (size_t i = 0; i < a.ndim(); ++i) {
    if (a.shape()[i] != 1 && a.strides()[i] != b.strides()[i]) return false;
  }
  return true;
}

const array* common_layout(const Arrays& in) {
  const array* layout = nullptr;
  for (const array& a : in) {
    if (is_constant(a)) continue;
    if (!a.flags().contiguous || (layout && !same_layout(a, *layout))) return nullptr;
    if (!layout) layout = &a;
  }
  return layout;
}

bool provide(array& out, const Arrays& in, const array* layout, bool may_overwrite) {
  for (const array& a : in) {
    if (!may_overwrite || a.nbytes() != out.nbytes() || !a.is_donatable()) continue;
    if (layout ? !same_layout(a, *layout) : !a.flags().row_contiguous) continue;
    out.set_view(a.buffer(), layout ? layout->strides() : row_major_strides(out.shape()),
                 a.byte_offset());
    return false;
  }
  if (layout)
    out.set_view(Buffer::allocate(out.nbytes()), layout->strides(), 0);
  else
    out.allocate();
  return true;
}

Tile look_up_tile(const Primitive& primitive, Dtype dtype, Dtype& compute) {
  compute = dtype;
  if (const Tile tile = tiles().find(primitive, dtype)) return tile;
  compute = compute_dtype(dtype);
  return tiles().find(primitive, compute);
}

Tile find_tile(const Primitive& primitive, Dtype dtype, Dtype& compute) {
  const Tile tile = look_up_tile(primitive, dtype, compute);
  if (!tile) {
    throw std::invalid_argument(
        fmt::format("[{}] is not defined for {}", primitive.name(), dtype_name(dtype)));
  }
  return tile;
}

}  // namespace quern::cpu
