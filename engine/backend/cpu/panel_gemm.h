#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/backend/cpu/blas.h"
#include "engine/backend/cpu/scratch.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

/// How a matrix [rows, columns] is cut into blocks for the threads.
struct Tiling {
  int64_t rows;
  int64_t columns;
  int64_t tile_rows;
  int64_t tile_columns;

  int64_t row_tiles() const { return (rows + tile_rows - 1) / tile_rows; }
  int64_t column_tiles() const { return (columns + tile_columns - 1) / tile_columns; }
  int64_t tiles() const { return row_tiles() * column_tiles(); }

  struct Tile {
    int64_t row, rows, column, columns;
  };
  Tile tile(int64_t index) const {
    const int64_t row = index / column_tiles() * tile_rows, column = index % column_tiles() * tile_columns;
    return {row, std::min(tile_rows, rows - row), column, std::min(tile_columns, columns - column)};
  }
};

/// Tiles of at most these lengths, cut smaller (multiples of `step`, but not below 64) while `copies` such
/// matrices give the pool too little to share.
inline Tiling make_tiling(int64_t rows, int64_t columns, int64_t most_rows, int64_t most_columns,
                          int64_t copies = 1, int64_t step = 32) {
  const auto round_up = [&](int64_t n) { return (n + step - 1) / step * step; };
  Tiling t{rows, columns, std::min(round_up(rows), most_rows), std::min(round_up(columns), most_columns)};
  const int threads = ThreadPool::instance().size();
  const int64_t wanted = threads == 1 ? 1 : 3 * threads;
  while (t.tiles() * copies < wanted && std::max(t.tile_rows, t.tile_columns) >= 128) {
    int64_t& longer = t.tile_rows > t.tile_columns ? t.tile_rows : t.tile_columns;
    longer = round_up(longer / 2);
  }
  return t;
}

inline constexpr int64_t panel_tile_rows = 512;
inline constexpr int64_t panel_tile_columns = 256;
inline constexpr int64_t panel_depth = 512;  ///< a multiple of every quantization group

/// A matrix product [m, depth] @ [depth, n] whose operands become float32 one cache-sized panel at a time,
/// split over the pool.
///
/// load_a(row, rows, k, ks, scratch) and load_b(k, ks, column, columns, scratch) return the block as a
/// blas_readable Matrix<float>: in `scratch`, which holds it, or where it already is.
/// store(tile, product, stride) takes a finished tile, whose rows lie `stride` floats apart; it may write
/// over them. Tiles start at multiples of 32 columns, panels at multiples of panel_depth.
template <typename LoadA, typename LoadB, typename Store>
void panel_gemm(int64_t m, int64_t n, int64_t depth, LoadA&& load_a, LoadB&& load_b, Store&& store) {
  const Tiling tiling = make_tiling(m, n, panel_tile_rows, panel_tile_columns);
  const int64_t panel = std::min(depth, panel_depth);
  parallel_for(size_t(tiling.tiles()), 1, [&](size_t begin, size_t end) {
    Scratch<float> a(size_t(tiling.tile_rows * panel)), b(size_t(tiling.tile_columns * panel));
    Scratch<float> product(size_t(tiling.tile_rows * tiling.tile_columns));
    for (size_t index = begin; index < end; ++index) {
      const Tiling::Tile t = tiling.tile(int64_t(index));
      for (int64_t k = 0; k < depth; k += panel) {
        const int64_t ks = std::min(panel, depth - k);
        const Matrix<float> left = load_a(t.row, t.rows, k, ks, a.data());
        const Matrix<float> right = load_b(k, ks, t.column, t.columns, b.data());
        gemm(left, right, 1.0f, k == 0 ? 0.0f : 1.0f, product.data(), tiling.tile_columns);
      }
      store(t, product.data(), tiling.tile_columns);
    }
  });
}

}  // namespace quern::cpu
