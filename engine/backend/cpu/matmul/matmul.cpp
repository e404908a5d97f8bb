#include "engine/primitives/matmul.h"

#include <array>
#include <limits>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/matmul/bfloat16_gemm.h"
#include "engine/backend/cpu/matmul/blas.h"
#include "engine/backend/cpu/matmul/float_product.h"
#include "engine/backend/cpu/strided.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

template <typename T>
constexpr bool is_blas = std::is_same_v<T, double> || std::is_same_v<T, complex64_t>;

/// The products that one matmul consists of: all of one size, at these offsets from the operands'
/// starts.
template <typename T>
struct Products {
  Matrix<T> a;
  Matrix<T> b;
  T* out;
  int64_t out_stride;  ///< between rows; along a row the output is dense
  std::vector<std::array<int64_t, 3>> offsets;
};

/// Strides of the batch axes of `operand` seen from the output's batch axes, then `row_stride`.
Strides batch_strides(const array& operand, const array& out, int64_t row_stride) {
  Strides strides(out.ndim() - 1, 0);
  const size_t lead = out.ndim() - operand.ndim();
  for (size_t i = 0; i + 2 < operand.ndim(); ++i) {
    strides[lead + i] = operand.shape()[i] == 1 ? 0 : operand.strides()[i];
  }
  strides.back() = row_stride;
  return strides;
}

/// Batches that share b and continue a's rows become one product with more rows.
template <typename T>
Products<T> plan(const array& a, const array& b, array& out) {
  const size_t na = a.ndim(), nb = b.ndim();
  const Strides sa = batch_strides(a, out, a.strides()[na - 2]);
  const Strides sb = batch_strides(b, out, 0);
  Strides so = out.strides();
  so.pop_back();
  Shape shape = out.shape();
  shape.pop_back();
  auto loop = merge_axes<3>(shape, {&sa, &sb, &so});
  // BLAS cannot read one row of a again and again.
  const bool repeats = is_blas<T> && loop.row_stride(0) == 0 && loop.row_length() > 1;
  if (loop.row_stride(1) != 0 || repeats) {
    loop.shape.push_back(1);
    for (Strides& strides : loop.strides) strides.push_back(0);
  }
  Products<T> p{{a.data<T>(), int64_t(loop.row_length()), a.shape(-1), loop.row_stride(0),
                 a.strides()[na - 1]},
                {b.data<T>(), b.shape(-2), b.shape(-1), b.strides()[nb - 2], b.strides()[nb - 1]},
                out.data<T>(),
                loop.row_length() == 1 ? out.shape(-1) : loop.row_stride(2),
                {}};
  for_each_row(loop, 0, loop.rows(), [&](const auto& offset) { p.offsets.push_back(offset); });
  return p;
}

/// Calls f(a, b, out) for each product: side by side when there are enough for all threads, else
/// one after another, so that f can share its work out.
template <typename T, typename F>
void for_each_product(const Products<T>& p, F&& f) {
  const size_t n = p.offsets.size();
  const size_t grain = n < size_t(ThreadPool::instance().size()) ? n : 1;
  parallel_for(n, grain, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      Matrix<T> left = p.a, right = p.b;
      left.data += p.offsets[i][0];
      right.data += p.offsets[i][1];
      f(left, right, p.out + p.offsets[i][2]);
    }
  });
}

/// The rows of `wide` (each dense) times the few rows of `narrow`. Element (n, w) of their product
/// goes to out[n * narrow_stride + w * wide_stride].
template <typename T>
void dot_product(const Matrix<T>& wide, const Matrix<T>& narrow, T* out, int64_t wide_stride,
                 int64_t narrow_stride, Scaling scaling) {
  const auto length = size_t(wide.columns), vectors = size_t(narrow.rows);
  Scratch<float> x(vectors * length);
  T* outs[dot_rows_most_vectors];
  for (size_t v = 0; v < vectors; ++v) {
    widen_strided(narrow.data + int64_t(v) * narrow.row_stride, narrow.column_stride,
                  x.data() + v * length, length);
    outs[v] = out + int64_t(v) * narrow_stride;
  }
  dot_product(wide, x.data(), vectors, outs, wide_stride, scaling);
}

/// Few rows on either side against rows that lie dense in memory; false when the shape is another.
template <typename T>
bool try_dot_products(const Products<T>& p, Scaling scaling) {
  const bool wide_is_b = p.a.rows <= dot_rows_most_vectors && p.b.column_major();
  if (!wide_is_b && !(p.b.columns <= dot_rows_most_vectors && p.a.row_major())) return false;
  for_each_product(p, [&](const Matrix<T>& left, const Matrix<T>& right, T* out) {
    const Matrix<T> right_rows{right.data, right.columns, right.rows, right.column_stride,
                               right.row_stride};
    if (wide_is_b)
      dot_product(right_rows, left, out, 1, p.out_stride, scaling);
    else
      dot_product(left, right_rows, out, p.out_stride, 1, scaling);
  });
  return true;
}

/// float64 and complex64: OpenBLAS over tiles of the output.
template <typename T>
void blas_products(const Products<T>& p, Scaling scaling) {
  constexpr int64_t any = std::numeric_limits<int32_t>::max();
  const auto batches = int64_t(p.offsets.size());
  const int64_t work = 2 * p.a.rows * p.a.columns * p.b.columns;
  Tiling tiling{p.a.rows, p.b.columns, p.a.rows, p.b.columns};
  if (work * batches > (int64_t(1) << 20))
    tiling = make_tiling(p.a.rows, p.b.columns, any, any, batches);
  const int64_t tiles = tiling.tiles();
  const int64_t grain =
      std::max<int64_t>(1, (int64_t(1) << 18) * tiles / std::max<int64_t>(1, work));
  parallel_for(size_t(batches * tiles), size_t(grain), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const auto& [a, b, o] = p.offsets[i / size_t(tiles)];
      const Tiling::Tile t = tiling.tile(int64_t(i) % tiles);
      Matrix<T> left = p.a.block(t.row, t.rows, 0, p.a.columns);
      Matrix<T> right = p.b.block(0, p.b.rows, t.column, t.columns);
      left.data += a;
      right.data += b;
      gemm(left, right, scaling.alpha, scaling.beta, p.out + o + t.row * p.out_stride + t.column,
           p.out_stride);
    }
  });
}

/// float32, and halves that are widened on the way there.
template <typename T>
void float_products(const Products<T>& p, Scaling scaling) {
  for_each_product(p, [&](const Matrix<T>& left, const Matrix<T>& right, T* out) {
    const auto load_left = [&](int64_t row, int64_t rows, int64_t k, int64_t ks, float* scratch) {
      return float_block(left.block(row, rows, k, ks), scratch);
    };
    const auto load_right = [&](int64_t k, int64_t ks, int64_t column, int64_t columns,
                                float* scratch) {
      return float_block(right.block(k, ks, column, columns), scratch);
    };
    if constexpr (std::is_same_v<T, bfloat16_t>) {
      if (scaling.alpha == 1 && scaling.beta == 0 && has_bfloat16_gemm(left, right))
        return bfloat16_gemm(left, right, out, p.out_stride);
    }
    if constexpr (std::is_same_v<T, float>) {
      if (scaling.alpha == 1 && scaling.beta == 0) {
        return panel_gemm(left.rows, right.columns, left.columns, load_left, load_right,
                          FloatRows{out, p.out_stride});
      }
    }
    const auto store = [&](const Tiling::Tile& t, float* product, int64_t stride) {
      for (int64_t i = 0; i < t.rows; ++i) {
        store_row(product + i * stride, out + (t.row + i) * p.out_stride + t.column, t.columns,
                  scaling);
      }
    };
    panel_gemm(left.rows, right.columns, left.columns, load_left, load_right, store);
  });
}

template <typename T>
void multiply(array a, array b, array& out, Scaling scaling) {
  Products<T> p = plan<T>(a, b, out);
  if constexpr (is_blas<T>) {
    if (!blas_readable(p.a)) a = row_contiguous(a);
    if (!blas_readable(p.b)) b = row_contiguous(b);
    blas_products(plan<T>(a, b, out), scaling);
  } else if (!try_dot_products(p, scaling)) {
    float_products(p, scaling);
  }
}

/// alpha * (a @ b) + beta * out, where out is allocated and, unless beta is 0, filled.
void multiply_into(const array& a, const array& b, array& out, Scaling scaling) {
  if (out.size() == 0) return;
  switch (out.dtype()) {
    case Dtype::Val::float16:
      return multiply<float16_t>(a, b, out, scaling);
    case Dtype::Val::bfloat16:
      return multiply<bfloat16_t>(a, b, out, scaling);
    case Dtype::Val::float64:
      return multiply<double>(a, b, out, scaling);
    case Dtype::Val::complex64:
      return multiply<complex64_t>(a, b, out, scaling);
    default:
      return multiply<float>(a, b, out, scaling);
  }
}

/// An array of zeros, or `scale` times c, in out's shape: the product of matrices without an inner
/// length.
void fill_scaled(array& out, float scale) {
  dispatch(out.dtype(), [&]<typename T>(std::type_identity<T>) {
    T* data = out.data<T>();
    for (size_t i = 0; i < out.size(); ++i) {
      if (scale == 0)
        data[i] = T(0);
      else if constexpr (std::is_same_v<T, complex64_t>)
        data[i] *= scale;
      else
        data[i] = convert_element<T>(scale * convert_element<float>(data[i]));
    }
  });
}

void matmul(const Matmul&, const Arrays& in, Arrays& out) {
  out[0].allocate();
  if (in[0].shape(-1) == 0) return fill_scaled(out[0], 0);
  multiply_into(in[0], in[1], out[0], {});
}

void addmm(const AddMM& p, const Arrays& in, Arrays& out) {
  const array &c = in[0], &a = in[1], &b = in[2];
  out[0].allocate();
  if (out[0].size() == 0) return;
  if (p.beta != 0) copy_into(c, out[0]);
  if (a.shape(-1) == 0) return fill_scaled(out[0], p.beta);
  multiply_into(a, b, out[0], {p.alpha, p.beta});
}

}  // namespace

void register_matmul(KernelTable& table) {
  table.add<Matmul, matmul>();
  table.add<AddMM, addmm>();
}

}  // namespace quern::cpu
