#include "engine/backend/cpu/quantized/integer_gemm.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "engine/backend/cpu/matmul/panel_gemm.h"
#include "engine/backend/cpu/quantized/integer_operands.h"
#include "engine/backend/cpu/quantized/integer_tiles.h"
#include "engine/backend/cpu/usable_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/quantized/integer_gemm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/quantized/code_bytes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// Integers of 3, 5 or 6 bits as bytes; n is a multiple of 8.
void unpack_bytes(const uint8_t* packed, int bits, size_t n, uint8_t* out) {
  if (bits == 3) return store_code_bytes<3>(packed, n, out);
  if (bits == 5) return store_code_bytes<5>(packed, n, out);
  return store_code_bytes<6>(packed, n, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(unpack_bytes);

namespace {

/// Columns whose sums stay with a thread until they are done; a multiple of every panel's.
constexpr int64_t block_columns = 64;
/// Rows that are multiplied with a panel before it is let go: theirs fit the second-level cache.
constexpr int64_t block_rows = 512;

/// Whether masks take the elements out of a packed word.
bool is_masked(Code code) { return code == Code::u8 || elements_per_byte(code) > 1; }

/// Elements of the inner axis that a panel holds: with a tile's they fit the first-level cache.
constexpr int64_t panel_elements = 512;

/// A thread's working memory: a block of the weight's rows, which are columns of the product, and
/// the panel of it that is being multiplied.
class WeightBlock {
 public:
  /// Rows from `end` on are somebody else's.
  WeightBlock(const PackedMatrix& w, const IntegerTiles& tiles, int64_t end)
      : w_(w),
        tiles_(tiles),
        end_(end),
        padded_groups_(whole_parts(w.groups(), 16) * 16),
        scales_(size_t(w.groups() * block_columns)),
        biases_(size_t(w.groups() * block_columns)),
        wide_(size_t(2 * padded_groups_ * tiles.panel_columns)),
        words_(size_t(panel_elements * tiles.panel_columns)),
        bytes_(is_masked(w.code) ? 1 : size_t(panel_elements * tiles.panel_columns)) {}

  /// Goes to the block that begins at this row.
  void move_to(int64_t first) {
    first_ = first;
    const int64_t width = tiles_.panel_columns;
    float *scales = wide_.data(), *biases = scales + padded_groups_ * width;
    for (int64_t column = 0; column < block_columns; column += width) {
      const uint8_t *scale_rows[most_columns], *bias_rows[most_columns];
      for (int64_t c = 0; c < width; ++c) {
        float *scale = scales + c * padded_groups_, *bias = biases + c * padded_groups_;
        widen_parameters(w_, row(column + c), size_t(padded_groups_), scale, bias);
        scale_rows[c] = reinterpret_cast<const uint8_t*>(scale);
        bias_rows[c] = reinterpret_cast<const uint8_t*>(bias);
      }
      const int64_t at = w_.groups() * column;
      tiles_.pack(scale_rows, w_.groups(), reinterpret_cast<uint8_t*>(scales_.data() + at));
      tiles_.pack(bias_rows, w_.groups(), reinterpret_cast<uint8_t*>(biases_.data() + at));
    }
  }

  /// Where the next block's part of a panel's size is, in file order; nullptr when that is none of
  /// ours.
  const uint8_t* ahead(int64_t column, int64_t k) const {
    const int64_t width = tiles_.panel_columns, next = first_ + block_columns + column;
    if (next + width > end_) return nullptr;
    return w_.packed + next * w_.row_bytes() + k * bits_of(w_.code) / 8 * width;
  }

  /// Elements [k, k + depth) of the block's columns from `column` on.
  IntegerPanel panel(int64_t column, int64_t k, int64_t depth) {
    const uint8_t* rows[most_columns];
    const int64_t offset = k * bits_of(w_.code) / 8;
    for (int64_t c = 0; c < tiles_.panel_columns; ++c) {
      rows[c] = w_.packed + row(column + c) * w_.row_bytes() + offset;
      if (is_masked(w_.code)) continue;
      uint8_t* to = bytes_.data() + c * panel_elements;
      HWY_DYNAMIC_DISPATCH(unpack_bytes)(rows[c], bits_of(w_.code), size_t(depth), to);
      rows[c] = to;
    }
    tiles_.pack(rows, depth / elements_per_byte(w_.code) / 4, words_.data());
    const int64_t parameters = column * w_.groups() + k / w_.group_size * tiles_.panel_columns;
    return {is_masked(w_.code) ? w_.code : Code::u8, words_.data(), scales_.data() + parameters,
            biases_.data() + parameters};
  }

 private:
  static constexpr int64_t most_columns = 32;

  /// The last one again where there are no more.
  int64_t row(int64_t column) const { return std::min(first_ + column, w_.rows - 1); }

  const PackedMatrix& w_;
  const IntegerTiles& tiles_;
  int64_t end_, padded_groups_, first_ = 0;
  Scratch<float> scales_, biases_, wide_;
  Scratch<uint8_t> words_, bytes_;
};

#if defined(__x86_64__)
/// Highway tells what the system lets us use, the processor what Highway does not ask for.
const IntegerTiles* best_tiles() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const int64_t targets = usable_targets();
  const bool extended = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0;
  if (extended && (ecx >> 11 & 1) != 0 && (targets & HWY_AVX3) != 0) return &avx512_vnni::tiles;
  if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax >> 4 & 1) != 0 &&
      (targets & HWY_AVX2) != 0)
    return &avx_vnni::tiles;
  return (targets & HWY_AVX2) != 0 ? &avx2::tiles : nullptr;
}
#else
const IntegerTiles* best_tiles() { return nullptr; }
#endif

}  // namespace

const IntegerTiles* integer_tiles(Code code) {
  static const IntegerTiles* const best = best_tiles();
  if (code == Code::e4m3) return nullptr;
#if defined(__x86_64__)
  if (best == &avx2::tiles && bits_of(code) > 4) return nullptr;
#endif
  return best;
}

bool has_integer_gemm(Code code, int64_t rows) {
  constexpr int64_t least_rows = 4;
  return rows >= least_rows && integer_tiles(code) != nullptr;
}

void integer_gemm(const Product& p) {
  const IntegerTiles& tiles = *integer_tiles(p.w.code);
  const int64_t depth = p.depth(), columns = p.width(), group_size = p.w.group_size;
  for (int64_t first = 0; first < p.rows; first += block_rows) {
    const int64_t rows = std::min(block_rows, p.rows - first);
    const PackedTiles x(p, tiles.tile_rows, first, rows);
    // 16 elements of a panel's columns fill so many cache lines, of which each tile fetches some.
    const int64_t lines_of_unit = whole_parts(tiles.panel_columns * 2 * bits_of(p.w.code), 64);
    const int64_t lines = whole_parts(lines_of_unit, x.count());
    const auto multiply_block = [&](int64_t column, int64_t count, WeightBlock& weight,
                                    float* sums) {
      weight.move_to(column);
      for (int64_t c = 0; c < count; c += tiles.panel_columns) {
        for (int64_t k = 0; k < depth; k += panel_elements) {
          const int64_t ks = std::min(panel_elements, depth - k);
          const IntegerPanel panel = weight.panel(c, k, ks);
          const uint8_t* next = weight.ahead(c, k);
          for (int64_t t = 0; t < x.count(); ++t) {
            const BytesAhead ahead = next == nullptr || t * lines >= lines_of_unit
                                         ? BytesAhead{nullptr, 0}
                                         : BytesAhead{next + t * (ks / 16) * lines * 64, lines};
            tiles.multiply(panel, ahead, x.tile(t, k), group_size, ks / group_size, k > 0,
                           sums + t * tiles.tile_rows * block_columns + c, block_columns);
          }
        }
      }
      for (int64_t row = 0; row < rows; ++row)
        p.store(first + row, column, sums + row * block_columns, size_t(count));
    };
    parallel_for(size_t(columns), size_t(block_columns), [&](size_t begin, size_t end) {
      WeightBlock weight(p.w, tiles, int64_t(end));
      Scratch<float> sums(size_t(rows * block_columns));
      for (auto column = int64_t(begin); column < int64_t(end); column += block_columns)
        multiply_block(column, std::min(block_columns, int64_t(end) - column), weight, sums.data());
    });
  }
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
