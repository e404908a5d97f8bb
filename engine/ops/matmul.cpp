#include "engine/ops/matmul.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "engine/primitives/matmul.h"

namespace quern {

namespace {

/// Two operands with at least two axes and one dtype, and which axes of the product are not the
/// caller's.
struct Operands {
  array a;
  array b;
  Shape shape;  ///< of the product
  bool row_vector;
  bool column_vector;
};

Operands prepare(array a, array b, Dtype dtype, const char* where, StreamOrDevice s) {
  if (a.ndim() == 0 || b.ndim() == 0) {
    throw std::invalid_argument(
        fmt::format("[{}] shapes {} and {}: a scalar has no matrix product; multiply instead",
                    where, to_string(a.shape()), to_string(b.shape())));
  }
  if (!issubdtype(dtype, inexact)) {
    throw std::invalid_argument(fmt::format("[{}] needs a float or complex dtype, not {} and {}",
                                            where, dtype_name(a.dtype()), dtype_name(b.dtype())));
  }
  const bool row = a.ndim() == 1, column = b.ndim() == 1;
  if (row) a = expand_dims(a, 0, s);
  if (column) b = expand_dims(b, 1, s);
  Shape shape = matmul_shape(a.shape(), b.shape(), where);
  return {astype(std::move(a), dtype, s), astype(std::move(b), dtype, s), std::move(shape), row,
          column};
}

/// The product without the axes that stood for vectors.
array drop_vector_axes(const array& out, const Operands& operands, StreamOrDevice s) {
  std::vector<int> axes;
  if (operands.row_vector) axes.push_back(-2);
  if (operands.column_vector) axes.push_back(-1);
  return axes.empty() ? out : squeeze(out, axes, s);
}

}  // namespace

array matmul(const array& a, const array& b, StreamOrDevice s) {
  const Dtype dtype = result_type(a, b);
  const Operands in = prepare(a, b, dtype, "matmul", s);
  const array out(in.shape, dtype, make_pooled<Matmul>(to_stream(s)), {in.a, in.b});
  return drop_vector_axes(out, in, s);
}

array addmm(array c, array a, array b, const float& alpha, const float& beta, StreamOrDevice s) {
  const Dtype dtype = result_type({c, a, b});
  const Operands in = prepare(std::move(a), std::move(b), dtype, "addmm", s);
  Shape caller = in.shape;
  if (in.column_vector) caller.pop_back();
  if (in.row_vector) caller.erase(caller.end() - (in.column_vector ? 1 : 2));
  if (c.ndim() > caller.size() || broadcast_shapes(c.shape(), caller) != caller) {
    throw std::invalid_argument(
        fmt::format("[addmm] c of shape {} does not broadcast to the product's {}",
                    to_string(c.shape()), to_string(caller)));
  }
  // c gets the axes that stand for vectors, where the product has them.
  if (in.column_vector && c.ndim() > 0) c = expand_dims(c, -1, s);
  if (in.row_vector && c.ndim() > 1) c = expand_dims(c, -2, s);
  const array out(in.shape, dtype, make_pooled<AddMM>(to_stream(s), alpha, beta),
                  {broadcast_to(astype(c, dtype, s), in.shape, s), in.a, in.b});
  return drop_vector_axes(out, in, s);
}

}  // namespace quern
