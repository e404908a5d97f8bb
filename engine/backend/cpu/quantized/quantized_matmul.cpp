#include <algorithm>

#include "engine/backend/cpu/quantized/affine.h"
#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/matmul/panel_gemm.h"
#include "engine/primitives/quantized.h"

namespace quern::cpu {

namespace {

using Arrays = std::vector<array>;

/// a in row-major float32: its own memory when that is what it is.
array float32_rows(const array& a) {
  const array dense = row_contiguous(a);
  if (dense.dtype() == float32) return dense;
  array out(Buffer::allocate(dense.size() * sizeof(float)), dense.shape(), float32);
  float* to = out.data<float>();
  parallel_for(dense.size(), size_t(1) << 15, [&](size_t begin, size_t end) {
    if (dense.dtype() == float16)
      widen(dense.data<float16_t>() + begin, to + begin, end - begin);
    else
      widen(dense.data<bfloat16_t>() + begin, to + begin, end - begin);
  });
  return out;
}

/// Few rows of x [m, w.columns]: out [m, w.rows] while the weight streams by once.
template <typename T>
void multiply_few(const float* x, int64_t m, const AffineMatrix& w, T* out) {
  const AffineVectors vectors(w, x, size_t(m));
  constexpr size_t block = 64;
  const auto grain = size_t(std::max<int64_t>(16, (int64_t(1) << 17) / w.columns / 16 * 16));
  parallel_for(size_t(w.rows), grain, [&](size_t begin, size_t end) {
    float sums[size_t(affine_dot_most_vectors) * block];
    for (size_t r = begin; r < end; r += block) {
      const size_t count = std::min(block, end - r);
      affine_dot_rows(w, int64_t(r), count, vectors, sums, block);
      for (size_t v = 0; v < size_t(m); ++v) {
        narrow(sums + v * block, out + v * size_t(w.rows) + r, count);
      }
    }
  });
}

/// Many rows: blocks of the weight become float32 in the cache, just before the float product reads
/// them.
template <typename T>
void multiply_many(const float* x, int64_t m, const AffineMatrix& w, bool transpose, T* out) {
  const int64_t n = transpose ? w.rows : w.columns, depth = transpose ? w.columns : w.rows;
  const auto load_x = [&](int64_t row, int64_t rows, int64_t k, int64_t ks, float*) {
    return Matrix<float>{x + row * depth + k, rows, ks, depth, 1};
  };
  const auto load_w = [&](int64_t k, int64_t ks, int64_t column, int64_t columns, float* scratch) {
    if (!transpose) {
      for (int64_t i = 0; i < ks; ++i)
        affine_decode_row(w, k + i, column, columns, scratch + i * columns);
      return Matrix<float>{scratch, ks, columns, columns, 1};
    }
    for (int64_t i = 0; i < columns; ++i) affine_decode_row(w, column + i, k, ks, scratch + i * ks);
    return Matrix<float>{scratch, ks, columns, 1, ks};
  };
  const auto store = [&](const Tiling::Tile& t, float* product, int64_t stride) {
    for (int64_t i = 0; i < t.rows; ++i) {
      narrow(product + i * stride, out + (t.row + i) * n + t.column, size_t(t.columns));
    }
  };
  panel_gemm(m, n, depth, load_x, load_w, store);
}

template <typename T>
void multiply(const float* x, int64_t m, const AffineMatrix& w, bool transpose, T* out) {
  if (transpose && m <= affine_dot_most_vectors)
    multiply_few(x, m, w, out);
  else
    multiply_many(x, m, w, transpose, out);
}

/// Where the matrix of an operand for one of the output's batches is: its number among the
/// operand's.
int64_t batch_of(const array& operand, const array& out, int64_t batch) {
  int64_t index = 0, step = 1;
  for (size_t i = 2; i < out.ndim(); ++i) {
    const int64_t length = out.shape()[out.ndim() - 1 - i], at = batch % length;
    batch /= length;
    if (i >= operand.ndim()) continue;
    const int64_t own = operand.shape()[operand.ndim() - 1 - i];
    if (own != 1) index += at * step;
    step *= own;
  }
  return index;
}

template <typename T>
void multiply_batches(const QuantizedMatmul& p, const array& x, const array& packed, AffineMatrix w,
                      array& out) {
  const int64_t n = out.shape(-1), depth = x.shape(-1);
  T* to = out.data<T>();
  if (int64_t(packed.size()) == int64_t(packed.shape(-1)) * packed.shape(-2)) {
    return multiply(x.data<float>(), int64_t(out.size()) / n, w, p.transpose, to);
  }
  const int64_t m = x.shape(-2), batches = int64_t(out.size()) / (m * n);
  for (int64_t batch = 0; batch < batches; ++batch) {
    multiply(x.data<float>() + batch_of(x, out, batch) * m * depth, m,
             w.from_row(batch_of(packed, out, batch) * w.rows), p.transpose, to + batch * m * n);
  }
}

void quantized_matmul(const QuantizedMatmul& p, const Arrays& in, Arrays& out) {
  out[0].allocate();
  if (out[0].size() == 0) return;
  const array packed = row_contiguous(in[1]), scales = row_contiguous(in[2]),
              biases = row_contiguous(in[3]);
  const array x = float32_rows(in[0]);
  if (x.shape(-1) == 0) {
    std::fill_n(out[0].data<char>(), out[0].nbytes(), char(0));
    return;
  }
  const AffineMatrix w{
      packed.data<uint8_t>(), scales.data<char>(),
      biases.data<char>(),    scales.dtype(),
      p.quantization.bits,    p.quantization.group_size,
      packed.shape(-2),       unpacked_shape(packed.shape(), p.quantization).back()};
  if (out[0].dtype() == float16) return multiply_batches<float16_t>(p, x, packed, w, out[0]);
  if (out[0].dtype() == bfloat16) return multiply_batches<bfloat16_t>(p, x, packed, w, out[0]);
  multiply_batches<float>(p, x, packed, w, out[0]);
}

}  // namespace

void register_quantized_matmul(KernelTable& table) {
  table.add<QuantizedMatmul, quantized_matmul>();
}

}  // namespace quern::cpu
