#include "engine/backend/cpu/quantized/product.h"

#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/matmul/panel_gemm.h"

namespace quern::cpu {

namespace {

void multiply_few(const std::vector<const Product*>& products) {
  if (products.empty()) return;
  std::vector<PackedVectors> vectors;
  vectors.reserve(products.size());
  for (const Product* p : products) vectors.emplace_back(p->w, p->x, p->x_rows, size_t(p->rows));
  constexpr size_t block = 64;
  const auto w_rows = size_t(products[0]->w.rows);
  const int64_t columns = products[0]->w.columns;
  const auto grain = size_t(std::max<int64_t>(16, (int64_t(1) << 17) / columns / 16 * 16));
  parallel_for(products.size() * w_rows, grain, [&](size_t begin, size_t end) {
    float sums[size_t(packed_dot_most_vectors) * block];
    while (begin < end) {
      const size_t index = begin / w_rows, row = begin % w_rows;
      const size_t count = std::min({block, end - begin, w_rows - row});
      const Product& p = *products[index];
      packed_dot_rows(p.w, int64_t(row), count, vectors[index], sums, block);
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
    if (p.x_rows == nullptr) return Matrix<float>{p.x_row(row) + k, rows, ks, depth, 1};
    for (int64_t i = 0; i < rows; ++i)
      std::memcpy(scratch + i * ks, p.x_row(row + i) + k, size_t(ks) * sizeof(float));
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

void multiply(const std::vector<Product>& products) {
  std::vector<const Product*> few;
  for (const Product& p : products) {
    if (p.transpose && p.rows <= packed_dot_most_vectors) few.push_back(&p);
  }
  multiply_few(few);
  for (const Product& p : products) {
    if (!p.transpose || p.rows > packed_dot_most_vectors) multiply_many(p);
  }
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
