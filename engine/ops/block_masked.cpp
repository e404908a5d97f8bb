#include "engine/ops/block_masked.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/matmul.h"
#include "engine/ops/shape.h"
#include "engine/primitives/matmul.h"

namespace quern {

namespace {

Shape batch_of(const Shape& shape) { return Shape(shape.begin(), shape.end() - 2); }

/// One element of the mask per element of the matrices [rows, columns] that it is over.
array per_element(const array& mask, int block_size, ShapeElem rows, ShapeElem columns,
                  StreamOrDevice s) {
  const ShapeElem n = mask.shape(-2), m = mask.shape(-1);
  Shape split = batch_of(mask.shape()), repeated = split, merged = split,
        start(split.size() + 2, 0);
  for (const ShapeElem x : {n, 1, m, 1}) split.push_back(x);
  for (const ShapeElem x : {n, block_size, m, block_size}) repeated.push_back(x);
  Shape stop = merged;
  for (const ShapeElem x : {n * block_size, m * block_size}) merged.push_back(x);
  for (const ShapeElem x : {rows, columns}) stop.push_back(x);
  const array blocks = broadcast_to(reshape(mask, std::move(split), s), repeated, s);
  return slice(reshape(blocks, std::move(merged), s), std::move(start), std::move(stop), s);
}

/// The matrices under their mask, if they have one.
array masked(const array& a, const std::optional<array>& mask, int block_size, const Shape& batch,
             const char* what, StreamOrDevice s) {
  if (!mask) return a;
  const auto blocks = [&](ShapeElem length) { return (length + block_size - 1) / block_size; };
  const ShapeElem rows = a.shape(-2), columns = a.shape(-1);
  if (mask->ndim() < 2 || mask->shape(-2) != blocks(rows) || mask->shape(-1) != blocks(columns) ||
      broadcast_shapes(batch_of(mask->shape()), batch) != batch) {
    throw std::invalid_argument(
        fmt::format("[block_masked_mm] {} of shape {} has not one element for each block of {} of "
                    "{}: ({},{}) under batch {}",
                    what, to_string(mask->shape()), block_size, to_string(a.shape()), blocks(rows),
                    blocks(columns), to_string(batch)));
  }
  const array each = per_element(*mask, block_size, rows, columns, s);
  if (mask->dtype() == bool_) return where(each, a, array(0, a.dtype()), s);
  return multiply(a, astype(each, a.dtype(), s), s);
}

}  // namespace

array block_masked_mm(array a, array b, int block_size, std::optional<array> mask_out,
                      std::optional<array> mask_lhs, std::optional<array> mask_rhs,
                      StreamOrDevice s) {
  if (block_size != 32 && block_size != 64) {
    throw std::invalid_argument(
        fmt::format("[block_masked_mm] the block size must be 32 or 64, not {}", block_size));
  }
  if (a.ndim() < 2 || b.ndim() < 2) {
    throw std::invalid_argument(
        fmt::format("[block_masked_mm] needs matrices, not shapes {} and {}", to_string(a.shape()),
                    to_string(b.shape())));
  }
  const Dtype dtype = result_type(a, b);
  if (!issubdtype(dtype, inexact)) {
    throw std::invalid_argument(
        fmt::format("[block_masked_mm] needs a float or complex dtype, not {} and {}",
                    dtype_name(a.dtype()), dtype_name(b.dtype())));
  }
  const Shape batch = batch_of(matmul_shape(a.shape(), b.shape(), "block_masked_mm"));
  const array left = masked(astype(a, dtype, s), mask_lhs, block_size, batch, "mask_lhs", s);
  const array right = masked(astype(b, dtype, s), mask_rhs, block_size, batch, "mask_rhs", s);
  return masked(matmul(left, right, s), mask_out, block_size, batch, "mask_out", s);
}

}  // namespace quern
