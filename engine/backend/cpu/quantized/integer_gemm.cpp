#include "engine/backend/cpu/quantized/integer_gemm.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "engine/backend/cpu/matmul/panel_gemm.h"
#include "engine/backend/cpu/quantized/integer_tiles.h"
#include "engine/backend/cpu/usable_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/quantized/integer_gemm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/quantized/activations-inl.h"
#include "engine/backend/cpu/quantized/codes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// The integers of a row of `depth` elements in the order of a panel's bytes; its scales and sums
/// go to every `stride`-th place. `natural` has room for depth integers.
template <typename T>
HWY_INLINE void round_row_of(const T* x, int64_t depth, int64_t group_size, int64_t per_byte,
                             int8_t* natural, int8_t* out, float* scales, float* sums,
                             int64_t stride) {
  for (int64_t k = 0, at = 0; k < depth; k += group_size, at += stride) {
    const GroupRange range = range_of_group(x + k, size_t(group_size), 127);
    scales[at] = range.scale;
    sums[at] =
        range.scale * float(round_group(x + k, size_t(group_size), range.inverse, natural + k));
  }
  if (per_byte == 1) {
    std::memcpy(out, natural, size_t(depth));
    return;
  }
  const hn::Full128<int8_t> d;
  alignas(16) int8_t places[16];
  for (int64_t i = 0; i < 16; ++i) places[i] = int8_t(step_element(per_byte, i / 4, i % 4));
  const auto order = hn::Load(d, places);
  for (int64_t k = 0; k < depth; k += 16)
    hn::StoreU(hn::TableLookupBytes(hn::LoadU(d, natural + k), order), d, out + k);
}

void round_row(Dtype dtype, const void* x, int64_t depth, int64_t group_size, int64_t per_byte,
               int8_t* natural, int8_t* out, float* scales, float* sums, int64_t stride) {
  if (dtype == float16)
    round_row_of(static_cast<const float16_t*>(x), depth, group_size, per_byte, natural, out,
                 scales, sums, stride);
  else
    round_row_of(static_cast<const bfloat16_t*>(x), depth, group_size, per_byte, natural, out,
                 scales, sums, stride);
}

/// The scales and biases of a weight's row, to every `stride`-th place. `wide` has room for twice
/// as many.
void load_parameters(const PackedMatrix& w, int64_t row, float* wide, float* scales, float* biases,
                     int64_t stride) {
  const int64_t n = w.groups(), at = row * n;
  if (w.scale_kind == ScaleKind::bfloat16) {  // nothing but a shift
    for (int64_t i = 0; i < n; ++i) {
      bfloat16_t scale, bias;
      std::memcpy(&scale, w.scales + 2 * (at + i), 2);
      std::memcpy(&bias, w.biases + 2 * (at + i), 2);
      scales[i * stride] = float(scale);
      biases[i * stride] = float(bias);
    }
    return;
  }
  const auto count = size_t(n);
  float* wide_biases = wide + n;
  if (w.biases == nullptr) {
    widen_scales(w.scale_kind, w.scales, at, count, 0.5f * w.factor, count, wide);
    for (int64_t i = 0; i < n; ++i) wide_biases[i] = -float(e2m1_zero) * wide[i];
  } else {
    widen_scales(w.scale_kind, w.scales, at, count, w.factor, count, wide);
    widen_scales(w.scale_kind, w.biases, at, count, 1, count, wide_biases);
  }
  for (int64_t i = 0; i < n; ++i) {
    scales[i * stride] = wide[i];
    biases[i * stride] = wide_biases[i];
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(round_row);
HWY_EXPORT(load_parameters);

namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Elements of the inner axis that a panel holds: with a tile's they fit the first-level cache.
constexpr int64_t panel_elements = 512;
/// Columns whose sums stay with a thread until they are done; a multiple of every panel's.
constexpr int64_t block_columns = 64;
/// Rows that are multiplied with a panel before it is let go: theirs fit the second-level cache.
constexpr int64_t block_rows = 512;

/// Some rows of activations as the tiles want them.
class PackedTiles {
 public:
  PackedTiles(const Product& p, const IntegerTiles& tiles, int64_t first, int64_t rows)
      : tiles_(tiles),
        rows_(rows),
        depth_(p.depth()),
        groups_(p.w.groups()),
        codes_(size_t(count() * tiles.tile_rows * depth_)),
        scales_(size_t(count() * tiles.tile_rows * groups_)),
        sums_(size_t(count() * tiles.tile_rows * groups_)) {
    parallel_for(size_t(rows), size_t(1 + (1 << 14) / depth_), [&](size_t begin, size_t end) {
      Scratch<int8_t> natural(static_cast<size_t>(depth_)), ordered(static_cast<size_t>(depth_));
      for (auto row = int64_t(begin); row < int64_t(end); ++row)
        pack_row(p, first + row, row, natural.data(), ordered.data());
    });
  }

  int64_t count() const { return divide_up(rows_, tiles_.tile_rows); }

  /// Tile `index`, from element k on, which begins a group.
  IntegerTile tile(int64_t index, int64_t k, int64_t group_size) const {
    const int64_t height = tiles_.tile_rows,
                  parameters = (index * groups_ + k / group_size) * height;
    return {codes_.data() + (index * depth_ + k) * height, scales_.data() + parameters,
            sums_.data() + parameters, std::min(height, rows_ - index * height)};
  }

 private:
  void pack_row(const Product& p, int64_t from, int64_t row, int8_t* natural, int8_t* ordered) {
    const int64_t height = tiles_.tile_rows, index = row / height, line = row % height;
    const int64_t parameters = index * groups_ * height + line;
    HWY_DYNAMIC_DISPATCH(round_row)
    (p.x_dtype, p.x_row(from), depth_, p.w.group_size, elements_per_byte(p.w.code), natural,
     ordered, scales_.data() + parameters, sums_.data() + parameters, height);
    int8_t* to = codes_.data() + index * depth_ * height + 4 * line;
    for (int64_t k = 0; k < depth_; k += 4, to += 4 * height) std::memcpy(to, ordered + k, 4);
  }

  const IntegerTiles& tiles_;
  int64_t rows_, depth_, groups_;
  Scratch<int8_t> codes_;
  Scratch<float> scales_, sums_;
};

/// Whether masks take the elements out of a packed word.
bool is_masked(Code code) { return code == Code::u8 || elements_per_byte(code) > 1; }

/// Integers of 3, 5 or 6 bits become bytes. `depth` is a multiple of 8.
void unpack_bytes(const uint8_t* packed, int bits, int64_t depth, uint8_t* out) {
  const uint64_t mask = (uint64_t(1) << bits) - 1;
  for (int64_t k = 0; k < depth; k += 8, packed += bits) {
    uint64_t word = 0;
    std::memcpy(&word, packed, size_t(bits));
    for (int i = 0; i < 8; ++i) out[k + i] = uint8_t(word >> (i * bits) & mask);
  }
}

/// A thread's working memory: a block of the weight's rows, which are columns of the product, and
/// the panel of it that is being multiplied.
class WeightBlock {
 public:
  WeightBlock(const PackedMatrix& w, const IntegerTiles& tiles)
      : w_(w),
        tiles_(tiles),
        scales_(size_t(w.groups() * block_columns)),
        biases_(size_t(w.groups() * block_columns)),
        wide_(size_t(2 * w.groups())),
        codes_(size_t(panel_elements * tiles.panel_columns)),
        bytes_(is_masked(w.code) ? 1 : size_t(panel_elements * tiles.panel_columns)) {}

  /// Goes to the block that begins at this row.
  void move_to(int64_t first) {
    first_ = first;
    for (int64_t c = 0; c < block_columns; ++c) {
      HWY_DYNAMIC_DISPATCH(load_parameters)
      (w_, row(c), wide_.data(), scales_.data() + c, biases_.data() + c, block_columns);
    }
  }

  /// Elements [k, k + depth) of the block's columns from `column` on.
  IntegerPanel panel(int64_t column, int64_t k, int64_t depth) {
    constexpr int64_t most_columns = 32;
    const uint8_t* rows[most_columns];
    const int64_t offset = k * bits_of(w_.code) / 8, bytes = depth * bits_of(w_.code) / 8;
    // While this panel is multiplied memory brings what comes next: of the same rows, or of the
    // next block's.
    const bool is_last = k + depth == w_.columns;
    const int64_t next = is_last ? block_columns * w_.row_bytes() - offset : bytes;
    for (int64_t c = 0; c < tiles_.panel_columns; ++c) {
      rows[c] = w_.packed + row(column + c) * w_.row_bytes() + offset;
      for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(rows[c] + next + i, 0, 2);
      if (is_masked(w_.code)) continue;
      uint8_t* bytes = bytes_.data() + c * panel_elements;
      unpack_bytes(rows[c], bits_of(w_.code), depth, bytes);
      rows[c] = bytes;
    }
    tiles_.pack(w_.code, rows, depth, codes_.data());
    const int64_t parameters = k / w_.group_size * block_columns + column;
    return {codes_.data(), scales_.data() + parameters, biases_.data() + parameters, block_columns};
  }

 private:
  /// The last one again where there are no more.
  int64_t row(int64_t column) const { return std::min(first_ + column, w_.rows - 1); }

  const PackedMatrix& w_;
  const IntegerTiles& tiles_;
  int64_t first_ = 0;
  Scratch<float> scales_, biases_, wide_;
  Scratch<uint8_t> codes_, bytes_;
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
  // What no mask unpacks takes so long to become bytes that many rows have to share it.
  constexpr int64_t least_rows_of_unpacked = 64;
  if (!is_masked(code) && rows < least_rows_of_unpacked) return false;
  return integer_tiles(code) != nullptr;
}

void integer_gemm(const Product& p) {
  const IntegerTiles& tiles = *integer_tiles(p.w.code);
  const int64_t depth = p.depth(), columns = p.width(), group_size = p.w.group_size;
  struct Memory {
    WeightBlock weight;
    Scratch<float> sums;
  };
  for (int64_t first = 0; first < p.rows; first += block_rows) {
    const int64_t rows = std::min(block_rows, p.rows - first);
    const PackedTiles x(p, tiles, first, rows);
    const Tiling blocks{1, columns, 1, block_columns};
    const auto make = [&] {
      return Memory{WeightBlock(p.w, tiles), Scratch<float>(size_t(rows * block_columns))};
    };
    for_each_tile(blocks, make, [&](int64_t index, Memory& memory) {
      const Tiling::Tile block = blocks.tile(index);
      memory.weight.move_to(block.column);
      for (int64_t k = 0; k < depth; k += panel_elements) {
        const int64_t ks = std::min(panel_elements, depth - k);
        for (int64_t c = 0; c < block.columns; c += tiles.panel_columns) {
          const IntegerPanel panel = memory.weight.panel(c, k, ks);
          for (int64_t t = 0; t < x.count(); ++t) {
            tiles.multiply(panel, x.tile(t, k, group_size), group_size, ks / group_size, k > 0,
                           memory.sums.data() + t * tiles.tile_rows * block_columns + c,
                           block_columns);
          }
        }
      }
      for (int64_t row = 0; row < rows; ++row)
        p.store(first + row, block.column, memory.sums.data() + row * block_columns,
                size_t(block.columns));
    });
  }
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
