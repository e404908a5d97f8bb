#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <type_traits>

#include "engine/backend/cpu/matmul/float_gemm.h"
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
    const int64_t row = index / column_tiles() * tile_rows,
                  column = index % column_tiles() * tile_columns;
    return {row, std::min(tile_rows, rows - row), column, std::min(tile_columns, columns - column)};
  }
};

/// Tiles of at most these lengths, cut smaller (by whole steps) while `copies` such matrices give
/// the pool too little to share, or a number of tiles that leaves threads without one at the end.
inline Tiling make_tiling(int64_t rows, int64_t columns, int64_t most_rows, int64_t most_columns,
                          int64_t copies = 1) {
  constexpr int64_t row_step = 48, column_step = 32;  // multiples of the tiles that registers hold
  const auto whole = [](int64_t n, int64_t step) { return (n + step - 1) / step * step; };
  Tiling t{rows, columns, std::min(whole(rows, row_step), most_rows),
           std::min(whole(columns, column_step), most_columns)};
  const int64_t threads = ThreadPool::instance().size(), wanted = threads == 1 ? 1 : 3 * threads;
  while (t.tiles() * copies < wanted) {
    if (t.tile_rows > t.tile_columns && t.tile_rows > row_step)
      t.tile_rows = whole(t.tile_rows / 2, row_step);
    else if (t.tile_columns > column_step)
      t.tile_columns = whole(t.tile_columns / 2, column_step);
    else
      break;
  }
  const auto idle = [&] {
    const int64_t tiles = t.tiles() * copies, places = whole(tiles, threads);
    return double(places - tiles) / double(places);
  };
  while (idle() > 0.06 && t.tile_rows >= 8 * row_step)
    t.tile_rows = whole(t.tile_rows / 2, row_step);
  return t;
}

inline constexpr int64_t panel_tile_rows = 480;
inline constexpr int64_t panel_tile_columns = 128;
inline constexpr int64_t panel_depth = 256;  ///< a multiple of every quantization group

/// The rows of a tile: blocks of panel_tile_rows that take turns with the same panel of b.
inline constexpr int64_t panel_most_rows = 3 * panel_tile_rows;

/// Elements of a that are packed at once, 32 MB, and how long an inner axis that makes of
/// panel_tile_rows rows.
inline constexpr int64_t panel_most_packed = int64_t(1) << 23;
inline constexpr int64_t panel_most_depth =
    panel_most_packed / panel_tile_rows / panel_depth * panel_depth;

/// A product that goes to float32 rows as it is, `stride` apart.
struct FloatRows {
  float* data;
  int64_t stride;
};

/// Packs the panels [k_begin, k_end) of rows [first, first + rows) of a, one behind the other.
template <typename LoadA>
void pack_row_panels(LoadA&& load_a, int64_t first, int64_t rows, int64_t k_begin, int64_t k_end,
                     int64_t padded_rows, float* packed) {
  constexpr int64_t group = 96;  // rows, a multiple of every register tile
  const int64_t groups = (rows + group - 1) / group, depth = k_end - k_begin;
  const int64_t panels = (depth + panel_depth - 1) / panel_depth;
  const int64_t most_depth = std::min(depth, panel_depth);
  parallel_for(size_t(panels * groups), 1 + (size_t(1) << 15) / size_t(group * most_depth),
               [&](size_t begin, size_t end) {
                 Scratch<float> scratch(size_t(group * most_depth));
                 for (auto i = int64_t(begin); i < int64_t(end); ++i) {
                   // One panel of the same rows after the other: their pages are still known.
                   const int64_t row = i / panels * group, k = i % panels * panel_depth;
                   const int64_t ks = std::min(panel_depth, depth - k);
                   pack_rows(load_a(first + row, std::min(group, rows - row), k_begin + k, ks,
                                    scratch.data()),
                             packed + k * padded_rows + row * ks);
                 }
               });
}

/// Calls f(tile) for each of a tiling's: whichever thread is free takes the next. make() is called
/// once a thread, for its working memory, which f takes second.
template <typename Make, typename F>
void for_each_tile(const Tiling& tiling, Make&& make, F&& f) {
  std::atomic<int64_t> next{0};
  const auto threads = std::min<int64_t>(ThreadPool::instance().size(), tiling.tiles());
  parallel_for(size_t(threads), 1, [&](size_t, size_t) {
    auto memory = make();
    for (int64_t index; (index = next.fetch_add(1, std::memory_order_relaxed)) < tiling.tiles();)
      f(index, memory);
  });
}

/// A float32 product [m, depth] @ [depth, n] whose operands are brought up one cache-sized panel at
/// a time, split over the pool.
///
/// load_a(row, rows, k, ks, scratch) and load_b(k, ks, column, columns, scratch) return the block
/// as a Matrix<float>: in `scratch`, which holds it, or where it already is. a is loaded once, b
/// once for every panel_most_rows rows of a, or fewer for threads to share. store is FloatRows, or
/// store(tile, product, stride) takes a finished tile, whose rows lie `stride` floats apart; it may
/// write over them. Tiles start at multiples of 32 columns, panels at multiples of panel_depth.
/// Working memory is bounded, but for that of panel_tile_rows rows of the product where store is a
/// function and the inner axis is longer than panel_most_depth.
template <typename LoadA, typename LoadB, typename Store>
void panel_gemm(int64_t m, int64_t n, int64_t depth, LoadA&& load_a, LoadB&& load_b,
                Store&& store) {
  constexpr bool in_place = std::is_same_v<std::remove_cvref_t<Store>, FloatRows>;
  const int64_t most_depth = std::min(depth, panel_depth);
  const int64_t shallow = panel_most_packed / panel_most_rows / panel_depth * panel_depth;
  const int64_t chunk =
      std::min(depth, in_place && m > panel_tile_rows ? shallow : panel_most_depth);
  const int64_t most_rows =
      std::max<int64_t>(1, panel_most_packed / (chunk * panel_tile_rows)) * panel_tile_rows;
  struct Memory {
    Scratch<float> block, packed_b, sums;
  };
  for (int64_t first = 0; first < m; first += most_rows) {
    const int64_t rows = std::min(most_rows, m - first), row_tile = gemm_tile_rows();
    const int64_t padded_rows = (rows + row_tile - 1) / row_tile * row_tile;
    const Tiling tiling = make_tiling(rows, n, panel_most_rows, panel_tile_columns);
    Scratch<float> packed_a(size_t(padded_rows * chunk));
    // Where a tile's sums wait for the next chunk of the inner axis, or are stored from.
    const int64_t tile_size = tiling.tile_rows * tiling.tile_columns;
    const bool waits = !in_place && chunk < depth;
    Scratch<float> waiting(size_t(waits ? tiling.tiles() * tile_size : 0));
    const auto make_memory = [&] {
      return Memory{Scratch<float>(size_t(most_depth * tiling.tile_columns)),
                    Scratch<float>(packed_columns_size(most_depth, tiling.tile_columns)),
                    Scratch<float>(size_t(tile_size))};
    };
    for (int64_t k_begin = 0; k_begin < depth; k_begin += chunk) {
      const int64_t k_end = std::min(depth, k_begin + chunk);
      pack_row_panels(load_a, first, rows, k_begin, k_end, padded_rows, packed_a.data());
      for_each_tile(tiling, make_memory, [&](int64_t index, Memory& memory) {
        Tiling::Tile t = tiling.tile(index);
        const FloatRows sums{memory.sums.data(), tiling.tile_columns};
        FloatRows chunk_sums = sums;
        if constexpr (in_place)
          chunk_sums = {store.data + (first + t.row) * store.stride + t.column, store.stride};
        else if (waits)
          chunk_sums.data = waiting.data() + index * tile_size;
        for (int64_t k = k_begin; k < k_end; k += panel_depth) {
          const int64_t ks = std::min(panel_depth, k_end - k);
          // Sums of the panels between stay in the cache.
          const FloatRows& from = k == k_begin ? chunk_sums : sums;
          const FloatRows& to = k + ks == k_end ? chunk_sums : sums;
          pack_columns(load_b(k, ks, t.column, t.columns, memory.block.data()),
                       memory.packed_b.data());
          const float* panel = packed_a.data() + (k - k_begin) * padded_rows;
          for (int64_t row = 0; row < t.rows; row += panel_tile_rows) {
            multiply_packed(panel + (t.row + row) * ks, std::min(panel_tile_rows, t.rows - row),
                            memory.packed_b.data(), t.columns, ks,
                            k == 0 ? Addend{} : Addend{from.data + row * from.stride, from.stride},
                            to.data + row * to.stride, to.stride);
          }
        }
        if constexpr (!in_place) {
          if (k_end < depth) return;
          t.row += first;
          store(t, chunk_sums.data, chunk_sums.stride);
        }
      });
    }
  }
}

}  // namespace quern::cpu
