#include "engine/ops/indexed_matmul.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/shape.h"
#include "engine/primitives/indexed_matmul.h"

namespace quern {

namespace {

void require_matrices(const array& a, const array& b, const char* where) {
  if (a.ndim() >= 2 && b.ndim() >= 2) return;
  throw std::invalid_argument(fmt::format("[{}] needs matrices, not shapes {} and {}", where,
                                          to_string(a.shape()), to_string(b.shape())));
}

/// Throws unless the last two axes multiply.
void require_inner_length(const array& a, const array& b, const char* where) {
  if (a.shape(-1) == b.shape(-2)) return;
  throw std::invalid_argument(
      fmt::format("[{}] the last axis of {} and the second to last of {} differ: {} and {}", where,
                  to_string(a.shape()), to_string(b.shape()), a.shape(-1), b.shape(-2)));
}

Dtype product_dtype(const array& a, const array& b, const char* where) {
  const Dtype dtype = result_type(a, b);
  if (issubdtype(dtype, inexact)) return dtype;
  throw std::invalid_argument(fmt::format("[{}] needs a float or complex dtype, not {} and {}",
                                          where, dtype_name(a.dtype()), dtype_name(b.dtype())));
}

void require_integers(const array& indices, const char* where) {
  if (issubdtype(indices.dtype(), integer)) return;
  throw std::invalid_argument(
      fmt::format("[{}] indices must be integers, not {}", where, dtype_name(indices.dtype())));
}

/// The indices, or those of all matrices of `a` in the shape of its batch axes.
array indices_or_all(const std::optional<array>& indices, const array& a, StreamOrDevice s) {
  if (indices) {
    require_integers(*indices, "gather_mm");
    return astype(*indices, int64, s);
  }
  Shape batch(a.shape().begin(), a.shape().end() - 2);
  const auto count = int(element_count(batch));
  return reshape(astype(arange(0, count, 1, s), int64, s), std::move(batch), s);
}

/// [batches, rows, columns].
array stacked(const array& a, StreamOrDevice s) {
  return a.ndim() == 2 ? expand_dims(a, 0, s) : flatten(a, 0, -3, s);
}

}  // namespace

array gather_mm(array a, array b, std::optional<array> lhs_indices,
                std::optional<array> rhs_indices, bool, StreamOrDevice s) {
  if (!lhs_indices && !rhs_indices) return matmul(a, b, s);
  require_matrices(a, b, "gather_mm");
  require_inner_length(a, b, "gather_mm");
  const Dtype dtype = product_dtype(a, b, "gather_mm");
  const std::vector<array> indices =
      broadcast_arrays({indices_or_all(lhs_indices, a, s), indices_or_all(rhs_indices, b, s)}, s);
  Shape shape = indices[0].shape();
  const array lhs = flatten(indices[0], s), rhs = flatten(indices[1], s);
  const ShapeElem m = a.shape(-2), n = b.shape(-1);
  const array out({lhs.shape(0), m, n}, dtype, make_pooled<GatherMM>(to_stream(s)),
                  {stacked(astype(std::move(a), dtype, s), s),
                   stacked(astype(std::move(b), dtype, s), s), lhs, rhs});
  return shape.empty() ? squeeze(out, 0, s) : unflatten(out, 0, std::move(shape), s);
}

array segmented_mm(array a, array b, array segments, StreamOrDevice s) {
  if (a.ndim() != 2 || b.ndim() != 2) {
    throw std::invalid_argument(
        fmt::format("[segmented_mm] needs two matrices, not shapes {} and {}", to_string(a.shape()),
                    to_string(b.shape())));
  }
  require_inner_length(a, b, "segmented_mm");
  require_integers(segments, "segmented_mm");
  if (segments.ndim() == 0 || segments.shape(-1) != 2) {
    throw std::invalid_argument(fmt::format(
        "[segmented_mm] segments must be pairs, not of shape {}", to_string(segments.shape())));
  }
  const Dtype dtype = product_dtype(a, b, "segmented_mm");
  Shape shape(segments.shape().begin(), segments.shape().end() - 1);
  const auto count = ShapeElem(element_count(shape));
  const ShapeElem m = a.shape(0), n = b.shape(1);
  const array pairs = shape.empty() ? expand_dims(segments, 0, s) : flatten(segments, 0, -2, s);
  const array out(
      {count, m, n}, dtype, make_pooled<SegmentedMM>(to_stream(s)),
      {astype(std::move(a), dtype, s), astype(std::move(b), dtype, s), astype(pairs, int64, s)});
  return shape.empty() ? squeeze(out, 0, s) : unflatten(out, 0, std::move(shape), s);
}

}  // namespace quern
