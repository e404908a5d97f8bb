#include "engine/ops/linalg.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "engine/ops/arithmetic.h"
#include "engine/ops/cast.h"
#include "engine/ops/comparison.h"
#include "engine/ops/creation.h"
#include "engine/ops/matmul.h"
#include "engine/ops/shape.h"
#include "engine/ops/unary.h"
#include "engine/primitives/linalg.h"

namespace quern::linalg {

namespace {

void require_matrix(const array& a, const char* where) {
  if (a.ndim() < 2) {
    throw std::invalid_argument(
        fmt::format("[{}] needs at least 2 axes, got shape {}", where, to_string(a.shape())));
  }
  if (a.dtype() != float32 && a.dtype() != float64 && a.dtype() != complex64) {
    throw std::invalid_argument(fmt::format("[{}] takes float32, float64 and complex64, not {}",
                                            where, dtype_name(a.dtype())));
  }
}

void require_square(const array& a, const char* where) {
  require_matrix(a, where);
  if (a.shape(-1) == a.shape(-2)) return;
  throw std::invalid_argument(
      fmt::format("[{}] needs square matrices, got shape {}", where, to_string(a.shape())));
}

/// The dtype of singular values and the like.
Dtype real_dtype(const array& a) { return a.dtype() == complex64 ? float32 : a.dtype(); }

template <typename P, typename... Parameters>
Arrays nodes(StreamOrDevice s, Arrays inputs, const std::vector<Dtype>& dtypes,
             Parameters... parameters) {
  auto primitive = make_pooled<P>(to_stream(s), std::move(parameters)...);
  std::vector<Shape> shapes = primitive->output_shapes(inputs);
  return array::make_arrays(std::move(shapes), dtypes, std::move(primitive), std::move(inputs));
}

/// A node of one output, of the input's dtype.
template <typename P, typename... Parameters>
array node(StreamOrDevice s, Arrays inputs, Parameters... parameters) {
  const Dtype dtype = inputs[0].dtype();
  return nodes<P>(s, std::move(inputs), {dtype}, std::move(parameters)...)[0];
}

/// Both sides of a x = b, promoted, with the same batch axes; b is a matrix.
struct Equation {
  Equation(const array& left, const array& right, const char* where, StreamOrDevice s)
      : a(left), b(right), is_vector(right.ndim() == 1) {
    const Dtype dtype = result_type(left, right);
    a = astype(left, dtype, s);
    b = astype(right, dtype, s);
    require_square(a, where);
    if (right.ndim() == 0 || right.shape(is_vector ? -1 : -2) != a.shape(-1)) {
      throw std::invalid_argument(
          fmt::format("[{}] matrices of shape {} and right sides of shape {} do not fit", where,
                      to_string(left.shape()), to_string(right.shape())));
    }
    if (is_vector) b = expand_dims(b, 1, s);
    const auto batch_of = [](const array& x) {
      return Shape(x.shape().begin(), x.shape().end() - 2);
    };
    const Shape batch = broadcast_shapes(batch_of(a), batch_of(b));
    for (array* side : {&a, &b}) {
      Shape shape = batch;
      shape.push_back(side->shape(-2));
      shape.push_back(side->shape(-1));
      *side = broadcast_to(*side, shape, s);
    }
  }

  /// The solution in the form that the right side had.
  array restore(const array& x, StreamOrDevice s) const {
    return is_vector ? squeeze(x, -1, s) : x;
  }

  array a;
  array b;
  bool is_vector;
};

std::string checked_uplo(std::string uplo, const char* where) {
  if (uplo == "L" || uplo == "U") return uplo;
  throw std::invalid_argument(fmt::format("[{}] UPLO is \"L\" or \"U\", not \"{}\"", where, uplo));
}

}  // namespace

std::pair<array, array> qr(const array& a, StreamOrDevice s) {
  require_matrix(a, "linalg::qr");
  const Arrays out = nodes<QR>(s, {a}, {a.dtype(), a.dtype()});
  return {out[0], out[1]};
}

std::vector<array> svd(const array& a, bool compute_uv, StreamOrDevice s) {
  require_matrix(a, "linalg::svd");
  if (!compute_uv) return nodes<SVD>(s, {a}, {real_dtype(a)}, false);
  return nodes<SVD>(s, {a}, {a.dtype(), real_dtype(a), a.dtype()}, true);
}

std::vector<array> svd(const array& a, StreamOrDevice s) { return svd(a, true, s); }

array inv(const array& a, StreamOrDevice s) {
  require_square(a, "linalg::inv");
  return node<Inverse>(s, {a}, false, false);
}

array tri_inv(const array& a, bool upper, StreamOrDevice s) {
  require_square(a, "linalg::tri_inv");
  return node<Inverse>(s, {a}, true, upper);
}

array pinv(const array& a, StreamOrDevice s) {
  require_matrix(a, "linalg::pinv");
  return node<PseudoInverse>(s, {a});
}

array cholesky(const array& a, bool upper, StreamOrDevice s) {
  require_square(a, "linalg::cholesky");
  return node<Cholesky>(s, {a}, upper);
}

array cholesky_inv(const array& a, bool upper, StreamOrDevice s) {
  require_square(a, "linalg::cholesky_inv");
  const array inverse = tri_inv(a, upper, s), turned = swapaxes(inverse, -1, -2, s);
  const array adjoint = a.dtype() == complex64 ? conjugate(turned, s) : turned;
  return upper ? matmul(inverse, adjoint, s) : matmul(adjoint, inverse, s);
}

std::vector<array> lu(const array& a, StreamOrDevice s) {
  require_matrix(a, "linalg::lu");
  const Arrays out = nodes<LU>(s, {a}, {a.dtype(), uint32, uint32});
  const int m = a.shape(-2), n = a.shape(-1), k = std::min(m, n);
  Shape start(a.ndim(), 0), lower_stop = a.shape(), upper_stop = a.shape();
  lower_stop[a.ndim() - 1] = upper_stop[a.ndim() - 2] = k;
  const array lower =
      add(tril(slice(out[0], start, lower_stop, s), -1, s), eye(m, k, 0, a.dtype(), s), s);
  return {out[2], lower, triu(slice(out[0], start, upper_stop, s), 0, s)};
}

std::pair<array, array> lu_factor(const array& a, StreamOrDevice s) {
  require_matrix(a, "linalg::lu_factor");
  const Arrays out = nodes<LU>(s, {a}, {a.dtype(), uint32, uint32});
  return {out[0], out[1]};
}

array solve(const array& a, const array& b, StreamOrDevice s) {
  const Equation equation(a, b, "linalg::solve", s);
  return equation.restore(node<Solve>(s, {equation.a, equation.b}), s);
}

array solve_triangular(const array& a, const array& b, bool upper, StreamOrDevice s) {
  const Equation equation(a, b, "linalg::solve_triangular", s);
  return equation.restore(node<SolveTriangular>(s, {equation.a, equation.b}, upper), s);
}

std::pair<array, array> eig(const array& a, StreamOrDevice s) {
  require_square(a, "linalg::eig");
  const Arrays out = nodes<Eig>(s, {a}, {complex64, complex64}, true);
  return {out[0], out[1]};
}

array eigvals(const array& a, StreamOrDevice s) {
  require_square(a, "linalg::eigvals");
  return nodes<Eig>(s, {a}, {complex64}, false)[0];
}

array eigvalsh(const array& a, std::string UPLO, StreamOrDevice s) {
  require_square(a, "linalg::eigvalsh");
  return nodes<Eigh>(s, {a}, {real_dtype(a)}, checked_uplo(std::move(UPLO), "linalg::eigvalsh"),
                     false)[0];
}

std::pair<array, array> eigh(const array& a, std::string UPLO, StreamOrDevice s) {
  require_square(a, "linalg::eigh");
  const Arrays out = nodes<Eigh>(s, {a}, {real_dtype(a), a.dtype()},
                                 checked_uplo(std::move(UPLO), "linalg::eigh"), true);
  return {out[0], out[1]};
}

array det(const array& a, StreamOrDevice s) {
  require_square(a, "linalg::det");
  return node<Det>(s, {a});
}

std::pair<array, array> slogdet(const array& a, StreamOrDevice s) {
  require_square(a, "linalg::slogdet");
  const Arrays out = nodes<SlogDet>(s, {a}, {a.dtype(), real_dtype(a)});
  return {out[0], out[1]};
}

}  // namespace quern::linalg
