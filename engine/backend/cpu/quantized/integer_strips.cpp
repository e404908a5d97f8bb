#include "engine/backend/cpu/quantized/integer_strips.h"

#include <algorithm>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "engine/backend/cpu/ask_for.h"
#include "engine/backend/cpu/quantized/integer_operands.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/usable_targets.h"

namespace quern::cpu {

namespace {

/// Columns whose sums are stored together.
constexpr int64_t block_columns = 4 * strip_columns;

/// A thread's working memory: the parameters of the strip that it is at.
class StripParameters {
 public:
  explicit StripParameters(const PackedMatrix& w)
      : w_(w),
        padded_groups_(whole_parts(w.groups(), 16) * 16),
        wide_(size_t(2 * padded_groups_ * strip_columns)),
        scales_(size_t(padded_groups_ * strip_columns)),
        biases_(size_t(padded_groups_ * strip_columns)) {}

  const float* scales() const { return scales_.data(); }
  const float* biases() const { return biases_.data(); }

  /// Where those of the strip that begins at a row are.
  StripAhead ahead(int64_t row) const {
    const int64_t bytes = int64_t(scale_bytes(w_.scale_kind)), at = row * w_.groups() * bytes;
    const uint8_t* scales = w_.scales + at;
    return {w_.packed + row * w_.row_bytes(), scales,
            w_.biases == nullptr ? scales : w_.biases + at, strip_columns * bytes};
  }

  /// rows: numbers of the strip's columns among the weight's rows.
  void move_to(const int64_t (&rows)[strip_columns]) {
    const uint8_t *scales[strip_columns], *biases[strip_columns];
    const int64_t groups = w_.groups();
    const bool are_halves =
        w_.scale_kind == ScaleKind::bfloat16 || w_.scale_kind == ScaleKind::float16;
    if (are_halves && groups % 2 == 0) {
      for (int64_t c = 0; c < strip_columns; ++c) {
        scales[c] = w_.scales + rows[c] * groups * 2;
        biases[c] = w_.biases + rows[c] * groups * 2;
      }
      avx512_strips::transpose_halves(w_.scale_kind, scales, groups, scales_.data());
      return avx512_strips::transpose_halves(w_.scale_kind, biases, groups, biases_.data());
    }
    for (int64_t c = 0; c < strip_columns; ++c) {
      float* scale = wide_.data() + 2 * c * padded_groups_;
      float* bias = scale + padded_groups_;
      widen_parameters(w_, rows[c], size_t(padded_groups_), scale, bias);
      scales[c] = reinterpret_cast<const uint8_t*>(scale);
      biases[c] = reinterpret_cast<const uint8_t*>(bias);
    }
    avx512_strips::transpose_floats(scales, groups, scales_.data());
    avx512_strips::transpose_floats(biases, groups, biases_.data());
  }

 private:
  const PackedMatrix& w_;
  int64_t padded_groups_;
  Scratch<float> wide_, scales_, biases_;
};

/// Columns from a strip to the one that is fetched meanwhile: far enough for memory to answer.
int64_t columns_ahead(const PackedMatrix& w) {
  constexpr int64_t bytes = 8192;
  return whole_parts(bytes, strip_columns * w.row_bytes()) * strip_columns;
}

/// Asks for all of a range's first strips at once, before products wait for one line after the
/// other.
void fetch(const StripAhead& strips, int64_t packed_bytes, int64_t parameter_bytes) {
  ask_for(strips.scales, size_t(parameter_bytes));
  ask_for(strips.biases, size_t(parameter_bytes));
  ask_for(strips.packed, size_t(packed_bytes));
}

bool is_supported() {
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned vbmi = 1u << 1, vnni = 1u << 11;
  return (usable_targets() & HWY_AVX3) != 0 &&
         __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ecx & vbmi) != 0 &&
         (ecx & vnni) != 0;
#else
  return false;
#endif
}

}  // namespace

bool has_integer_strips(const PackedMatrix& w, int64_t rows) {
  static const bool supported = is_supported();
  constexpr int64_t least_rows = 3, most_rows = 48;
  // Groups consist of whole pairs of words.
  const bool knows = w.code != Code::e4m3 && w.group_size * bits_of(w.code) >= 64;
  return supported && knows && rows >= least_rows && rows <= most_rows;
}

void integer_strips(const Product& p) {
  const int64_t tiles = whole_parts(p.rows, strip_most_tile_rows);
  const int64_t height = whole_parts(p.rows, 2 * tiles) * 2;
  const PackedTiles x(p, height, 0, p.rows);
  const int64_t ahead = columns_ahead(p.w);
  const uint8_t* const packed = p.w.packed;
  parallel_for(size_t(p.width()), size_t(block_columns), [&](size_t begin, size_t end) {
    StripParameters parameters(p.w);
    Scratch<float> sums(size_t(tiles * height * block_columns));
    const auto multiply_strip = [&](int64_t column, float* to) {
      IntegerStrip strip{
          p.w.code, p.w.groups(), p.w.group_size, {}, parameters.scales(), parameters.biases(), {}};
      int64_t rows[strip_columns];
      for (int64_t c = 0; c < strip_columns; ++c) {
        // The last one again where there are no more.
        rows[c] = std::min(column + c, p.w.rows - 1);
        strip.columns[c] = packed + rows[c] * p.w.row_bytes();
      }
      parameters.move_to(rows);
      // What comes after the range's end is somebody else's.
      const int64_t next = column + ahead;
      if (next + strip_columns <= int64_t(end)) strip.ahead = parameters.ahead(next);
      for (int64_t t = 0; t < tiles; ++t, strip.ahead = {}) {
        IntegerTile tile = x.tile(t, 0);
        tile.rows = height;
        avx512_strips::multiply(strip, tile, to + t * height * block_columns, block_columns);
      }
    };
    const int64_t first_columns = std::min(ahead, int64_t(end - begin));
    const StripAhead first = parameters.ahead(int64_t(begin));
    fetch(first, first_columns * p.w.row_bytes(),
          first_columns * p.w.groups() * int64_t(scale_bytes(p.w.scale_kind)));
    for (auto column = int64_t(begin); column < int64_t(end); column += block_columns) {
      const int64_t count = std::min(block_columns, int64_t(end) - column);
      for (int64_t c = 0; c < count; c += strip_columns)
        multiply_strip(column + c, sums.data() + c);
      for (int64_t row = 0; row < p.rows; ++row)
        p.store(row, column, sums.data() + row * block_columns, size_t(count));
    }
  });
}

}  // namespace quern::cpu
