#include "engine/backend/cpu/matmul/bfloat16_gemm.h"

#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/float_rows.h"
#include "engine/backend/cpu/matmul/panel_gemm.h"

namespace quern::cpu {

namespace {

/// Elements of the inner axis that a panel holds: with a tile's they fit the first-level cache.
constexpr int64_t panel_elements = 256;
/// Columns whose sums stay with a thread until they are done.
constexpr int64_t block_columns = 2 * bfloat16_panel_columns;
/// Rows that are multiplied with a panel before it is let go: theirs fit the second-level cache.
constexpr int64_t block_rows = 512;

/// Rows [first, first + rows) of a as tiles, one behind the other.
void pack_tiles(const Matrix<bfloat16_t>& a, int64_t first, int64_t rows, bfloat16_t* tiles) {
  constexpr int64_t height = bfloat16_tile_rows;
  parallel_for(size_t(rows), size_t(1 + (1 << 14) / a.columns), [&](size_t begin, size_t end) {
    for (auto row = int64_t(begin); row < int64_t(end); ++row) {
      const bfloat16_t* from = a.data + (first + row) * a.row_stride;
      bfloat16_t* to = tiles + row / height * height * a.columns + row % height * 2;
      for (int64_t k = 0; k < a.columns; k += 2, to += 2 * height)
        std::memcpy(to, from + k, 2 * sizeof(bfloat16_t));
    }
  });
}

}  // namespace

bool has_bfloat16_gemm(const Matrix<bfloat16_t>& a, const Matrix<bfloat16_t>& b) {
  constexpr int64_t least_rows = 8;
  return a.rows >= least_rows && a.columns % 2 == 0 && a.columns > 0 && a.column_stride == 1 &&
         b.row_stride == 1 && avx512_bf16::is_supported();
}

void bfloat16_gemm(const Matrix<bfloat16_t>& a, const Matrix<bfloat16_t>& b, bfloat16_t* out,
                   int64_t out_stride) {
  constexpr int64_t height = bfloat16_tile_rows, width = bfloat16_panel_columns;
  const int64_t depth = a.columns;
  struct Memory {
    Scratch<bfloat16_t> panel;
    Scratch<float> sums;
  };
  for (int64_t first = 0; first < a.rows; first += block_rows) {
    const int64_t rows = std::min(block_rows, a.rows - first);
    const int64_t tiles = (rows + height - 1) / height;
    Scratch<bfloat16_t> packed(static_cast<size_t>(tiles * height * depth));
    pack_tiles(a, first, rows, packed.data());
    const Tiling blocks{1, b.columns, 1, block_columns};
    const auto make = [&] {
      return Memory{Scratch<bfloat16_t>(size_t(panel_elements * width)),
                    Scratch<float>(size_t(tiles * height * block_columns))};
    };
    for_each_tile(blocks, make, [&](int64_t index, Memory& memory) {
      const Tiling::Tile block = blocks.tile(index);
      for (int64_t k = 0; k < depth; k += panel_elements) {
        const int64_t ks = std::min(panel_elements, depth - k);
        for (int64_t c = 0; c < block.columns; c += width) {
          const bfloat16_t* columns[width];
          for (int64_t i = 0; i < width; ++i) {
            // The last one again where there are no more.
            const int64_t column = std::min(block.column + c + i, b.columns - 1);
            columns[i] = b.data + column * b.column_stride + k;
            for (int64_t ahead = 0; ahead < ks && k + ks < depth; ahead += 32)
              __builtin_prefetch(columns[i] + ks + ahead, 0, 2);
          }
          avx512_bf16::pack(columns, ks / 2, memory.panel.data());
          for (int64_t t = 0; t < tiles; ++t) {
            avx512_bf16::multiply(memory.panel.data(), packed.data() + (t * depth + k) * height,
                                  ks / 2, std::min(height, rows - t * height), k > 0,
                                  memory.sums.data() + t * height * block_columns + c,
                                  block_columns);
          }
        }
      }
      for (int64_t row = 0; row < rows; ++row)
        narrow(memory.sums.data() + row * block_columns,
               out + (first + row) * out_stride + block.column, size_t(block.columns));
    });
  }
}

}  // namespace quern::cpu
