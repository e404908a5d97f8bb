#include "engine/backend/cpu/quantized/product.h"

#include <algorithm>
#include <type_traits>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/matmul/panel_gemm.h"
#include "engine/backend/cpu/quantized/integer_dot.h"
#include "engine/backend/cpu/quantized/integer_gemm.h"
#include "engine/backend/cpu/quantized/integer_strips.h"

namespace quern::cpu {

namespace {

/// The most rows for which a product with integers of 16 bits beats one with integers of 8 bits, or
/// of floats.
constexpr int64_t integer_dot_most_rows = 4;

bool has_integers(const Product& p) {
  return p.transpose && p.x_dtype != float32 && p.out_dtype != float32;
}

/// The vectors of some products, in what dot() takes.
PackedVectors vectors_of(const Product& p, std::type_identity<PackedVectors>) {
  if (p.x_dtype == float32) {
    return {p.w, reinterpret_cast<const float*>(p.x), p.x_rows, size_t(p.rows)};
  }
  Scratch<float> wide(size_t(p.rows * p.depth()));
  for (int64_t row = 0; row < p.rows; ++row)
    p.widen_x(row, 0, p.depth(), wide.data() + row * p.depth());
  return {p.w, wide.data(), nullptr, size_t(p.rows)};
}

IntegerVectors vectors_of(const Product& p, std::type_identity<IntegerVectors>) {
  return {p.w, p.x, p.x_dtype, p.x_rows, size_t(p.rows), p.rounds_x};
}

void dot(const PackedMatrix& w, const RowRange& rows, const PackedVectors& x, float* scratch,
         float* out, size_t out_stride) {
  packed_dot_rows(w, rows, x, scratch, out, out_stride);
}

void dot(const PackedMatrix& w, const RowRange& rows, const IntegerVectors& x, float* scratch,
         float* out, size_t out_stride) {
  integer_dot_rows(w, rows, x, scratch, out, out_stride);
}

/// Whether what dot() takes of two products' vectors is the same.
bool share_vectors(const Product& a, const Product& b) {
  return a.x == b.x && a.x_rows == b.x_rows && a.rows == b.rows && a.rounds_x == b.rounds_x &&
         a.w.code == b.w.code && a.w.group_size == b.w.group_size &&
         (a.w.biases == nullptr) == (b.w.biases == nullptr);
}

/// Products of few rows, all at a time while each packed matrix streams by once.
template <typename Vectors>
void multiply_few(const std::vector<const Product*>& products) {
  if (products.empty()) return;
  std::vector<Vectors> vectors;
  std::vector<size_t> vectors_of_product, ends;  // rows of all matrices up to the product's last
  vectors.reserve(products.size());
  for (size_t i = 0; i < products.size(); ++i) {
    const Product& p = *products[i];
    if (i == 0 || !share_vectors(*products[i - 1], p))
      vectors.push_back(vectors_of(p, std::type_identity<Vectors>()));
    vectors_of_product.push_back(vectors.size() - 1);
    ends.push_back((i == 0 ? 0 : ends.back()) + size_t(p.w.rows));
  }
  constexpr size_t block = 64;
  const int64_t columns = products[0]->w.columns;
  const auto grain = size_t(std::max<int64_t>(16, (int64_t(1) << 17) / columns / 16 * 16));
  parallel_for(ends.back(), grain, [&](size_t begin, size_t end) {
    float sums[size_t(packed_dot_most_vectors) * block];
    Scratch<float> scratch(packed_dot_scratch(vectors[0]));
    while (begin < end) {
      const auto index = size_t(std::upper_bound(ends.begin(), ends.end(), begin) - ends.begin());
      const Product& p = *products[index];
      const auto rows = size_t(p.w.rows), row = rows - (ends[index] - begin);
      const size_t last = std::min(rows, row + (end - begin)), count = std::min(block, last - row);
      dot(p.w, {int64_t(row), count, int64_t(last)}, vectors[vectors_of_product[index]],
          scratch.data(), sums, block);
      for (int64_t v = 0; v < p.rows; ++v)
        p.store(v, int64_t(row), sums + size_t(v) * block, count);
      begin += count;
    }
  });
}

/// Blocks of the weight become float32 in the cache, just before the float product reads them.
void multiply_many(const Product& p) {
  const int64_t depth = p.depth();
  const auto load_x = [&](int64_t row, int64_t rows, int64_t k, int64_t ks, float* scratch) {
    if (p.x_rows == nullptr && p.x_dtype == float32) {
      const auto* first = reinterpret_cast<const float*>(p.x_row(row));
      return Matrix<float>{first + k, rows, ks, depth, 1};
    }
    for (int64_t i = 0; i < rows; ++i) p.widen_x(row + i, k, ks, scratch + i * ks);
    return Matrix<float>{scratch, rows, ks, ks, 1};
  };
  const auto load_w = [&](int64_t k, int64_t ks, int64_t column, int64_t columns, float* scratch) {
    if (!p.transpose) {
      for (int64_t i = 0; i < ks; ++i)
        decode_row(p.w, k + i, column, columns, scratch + i * columns);
      return Matrix<float>{scratch, ks, columns, columns, 1};
    }
    for (int64_t i = 0; i < columns; ++i) decode_row(p.w, column + i, k, ks, scratch + i * ks);
    return Matrix<float>{scratch, ks, columns, 1, ks};
  };
  if (p.out_dtype == float32 && p.out_rows == nullptr) {
    return panel_gemm(p.rows, p.width(), depth, load_x, load_w,
                      FloatRows{reinterpret_cast<float*>(p.out), p.width()});
  }
  const auto store = [&](const Tiling::Tile& t, float* product, int64_t stride) {
    for (int64_t i = 0; i < t.rows; ++i)
      p.store(t.row + i, t.column, product + i * stride, size_t(t.columns));
  };
  panel_gemm(p.rows, p.width(), depth, load_x, load_w, store);
}

}  // namespace

void Product::store(int64_t row, int64_t column, const float* values, size_t n) const {
  const int64_t at = (out_rows == nullptr ? row : out_rows[row]) * width() + column;
  if (out_dtype == float16)
    narrow(values, reinterpret_cast<float16_t*>(out) + at, n);
  else if (out_dtype == bfloat16)
    narrow(values, reinterpret_cast<bfloat16_t*>(out) + at, n);
  else
    narrow(values, reinterpret_cast<float*>(out) + at, n);
}

void Product::widen_x(int64_t row, int64_t k, int64_t n, float* out) const {
  const char* from = x_row(row) + k * int64_t(x_dtype.size());
  if (x_dtype == float16)
    widen(reinterpret_cast<const float16_t*>(from), out, size_t(n));
  else if (x_dtype == bfloat16)
    widen(reinterpret_cast<const bfloat16_t*>(from), out, size_t(n));
  else
    widen(reinterpret_cast<const float*>(from), out, size_t(n));
}

void multiply(const std::vector<Product>& products) {
  std::vector<const Product*> few, few_integers;
  for (const Product& p : products) {
    const bool integers = has_integers(p);
    if (integers && p.rounds_x && has_integer_strips(p.w, p.rows))
      integer_strips(p);
    else if (integers && p.rows <= integer_dot_most_rows && has_integer_dot(p.w))
      few_integers.push_back(&p);
    else if (integers && p.rounds_x && p.rows > integer_dot_most_rows &&
             has_integer_gemm(p.w.code, p.rows))
      integer_gemm(p);
    else if (p.transpose && p.rows <= packed_dot_most_vectors)
      few.push_back(&p);
    else
      multiply_many(p);
  }
  multiply_few<IntegerVectors>(few_integers);
  multiply_few<PackedVectors>(few);
}

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

}  // namespace quern::cpu
