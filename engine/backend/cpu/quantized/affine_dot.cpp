#include <hwy/cache_control.h>

#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/quantized/affine.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/quantized/affine_dot.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/quantized/affine_bits-inl.h"
#include "engine/backend/cpu/float_lanes-inl.h"

// A row's product with x is, over its groups, sum(scale * sum(q * x) + bias * sum(x)), and the sums
// of x alone are computed once per x. What is left is the sum of q * x, in two ways:
//
// Widths that divide 32 stay in their 32-bit words. A register of words holds field 0 of every
// word, then field 1, ...; masking one field off leaves q * 2^(bits * field), an exact float. x
// lies in the same order, times 2^-(bits * field), so that a field costs a mask, a conversion and a
// multiply-add.
//
// Other widths are unpacked in their own order by affine_bits-inl.h, and x carries its factors.

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

using WordTag = hn::RebindToUnsigned<UnitTag>;
using Floats = hn::Vec<UnitTag>;
using Words = hn::Vec<WordTag>;

HWY_INLINE size_t lanes() { return hn::Lanes(UnitTag()); }

constexpr bool in_words(int bits) { return 32 % bits == 0; }

/// Elements that one step of the row loop takes; prepared vectors are padded to a multiple of it.
HWY_INLINE size_t step_elements(int bits) {
  return in_words(bits) ? lanes() * size_t(32 / bits) : unit;
}

size_t padded_length(int bits, size_t length) {
  const size_t step = step_elements(bits);
  return (length + step - 1) / step * step;
}

size_t padded_groups(size_t groups) { return groups / lanes() * lanes() + 2 * lanes(); }

void prepare_vector(int bits, size_t group_size, const float* x, size_t length, float* out,
                    float* sums) {
  const size_t fields = in_words(bits) ? size_t(32 / bits) : unit, words = lanes();
  std::fill(out, out + padded_length(bits, length), 0.0f);
  for (size_t k = 0; k < length; ++k) {
    if (in_words(bits)) {
      const size_t step = k / (words * fields), word = k / fields % words, field = k % fields;
      // The last field is shifted down, for there is no signed integer above the mask.
      const float factor =
          field + 1 == fields ? 1.0f : 1.0f / float(uint64_t(1) << (size_t(bits) * field));
      out[(step * fields + field) * words + word] = x[k] * factor;
    } else {
      out[k] = x[k] / float(1u << (k * size_t(bits) % 8));
    }
  }
  const size_t groups = length / group_size;
  std::fill(sums, sums + padded_groups(groups), 0.0f);
  for (size_t g = 0; g < groups; ++g) {
    double sum = 0;
    for (size_t k = g * group_size; k < (g + 1) * group_size; ++k) sum += double(x[k]);
    sums[g] = float(sum);
  }
}

/// Field `field` of every word, times 2^(bits * field) but for the last.
template <int bits, int field>
HWY_INLINE Floats field_of(Words words) {
  const WordTag d32;
  const hn::RebindToSigned<UnitTag> di32;
  constexpr uint32_t mask = (uint32_t(1) << bits) - 1;
  constexpr int shift = bits * field;
  if constexpr (shift + bits == 32) {
    return hn::ConvertTo(UnitTag(), hn::BitCast(di32, hn::ShiftRight<shift>(words)));
  } else {
    return hn::ConvertTo(UnitTag(), hn::BitCast(di32, hn::And(words, hn::Set(d32, mask << shift))));
  }
}

/// Where the rows and vectors of one block are. Kernels for more rows than there are repeat the
/// last one.
struct Block {
  size_t rows;  ///< at least 1
  const uint8_t* packed;
  size_t row_bytes;
  size_t ahead;  ///< bytes from a row to the one whose turn it is next: what to fetch while this
                 ///< one computes
  const float* scales;  ///< of the block's rows, scale_stride apart
  const float* biases;
  size_t scale_stride;
  size_t groups;
  size_t group_size;
  const float* x;
  size_t x_stride;
  const float* sums;
  size_t sum_stride;
  float* out;
  size_t out_stride;

  const uint8_t* packed_row(size_t r) const { return packed + std::min(r, rows - 1) * row_bytes; }
  size_t parameters_of(size_t r) const { return std::min(r, rows - 1) * scale_stride; }
};

/// Adds q * x of the fields [field, ...) to the sums.
template <int bits, int field, size_t R, size_t V>
HWY_INLINE void add_fields(const Words (&words)[R], const float* x, size_t x_stride,
                           Floats (&sums)[R][V]) {
  if constexpr (field < 32 / bits) {
    const UnitTag d;
    Floats xs[V];
    for (size_t v = 0; v < V; ++v) xs[v] = hn::LoadU(d, x + v * x_stride + size_t(field) * lanes());
    for (size_t r = 0; r < R; ++r) {
      const Floats q = field_of<bits, field>(words[r]);
      for (size_t v = 0; v < V; ++v) {
        sums[r][v] = field == 0 ? hn::Mul(q, xs[v]) : hn::MulAdd(q, xs[v], sums[r][v]);
      }
    }
    add_fields<bits, field + 1>(words, x, x_stride, sums);
  }
}

/// totals += scale * sums. Lane i belongs to the group of word first_word + i: all lanes to one, or
/// lane i to expand[i] groups after the first.
template <size_t R, size_t V>
HWY_INLINE void add_scaled(const Block& b, size_t first_word, size_t group_words,
                           const int32_t* expand, const Floats (&sums)[R][V],
                           Floats (&totals)[R][V]) {
  const UnitTag d;
  const size_t group = first_word / group_words;
  for (size_t r = 0; r < R; ++r) {
    const float* scales = b.scales + b.parameters_of(r) + group;
    Floats scale;
    if (expand == nullptr) {
      scale = hn::Set(d, *scales);
    } else {
      const hn::RebindToSigned<UnitTag> di32;
      const auto places = hn::IndicesFromVec(d, hn::Load(di32, expand));
      scale = hn::TableLookupLanes(hn::LoadU(d, scales), places);
    }
    for (size_t v = 0; v < V; ++v) totals[r][v] = hn::MulAdd(sums[r][v], scale, totals[r][v]);
  }
}

template <int bits, size_t R, size_t V>
HWY_INLINE void sum_words(const Block& b, Floats (&totals)[R][V]) {
  const WordTag d32;
  const size_t n = lanes(), words = b.row_bytes / 4, group_words = b.group_size * size_t(bits) / 32;
  alignas(64) int32_t group_of_lane[unit];
  for (size_t i = 0; i < n; ++i) group_of_lane[i] = int32_t(i / group_words);
  const int32_t* expand = group_words < n ? group_of_lane : nullptr;
  const float* x = b.x;
  const uint8_t* packed[R];
  for (size_t r = 0; r < R; ++r) packed[r] = b.packed_row(r);
  Words row[R];
  Floats sums[R][V];
  size_t word = 0;
  for (; word + n <= words; word += n, x += n * size_t(32 / bits)) {
    for (size_t r = 0; r < R; ++r) {
      const uint8_t* at = packed[r] + 4 * word;
      hwy::Prefetch(at + b.ahead);
      row[r] = hn::LoadU(d32, reinterpret_cast<const uint32_t*>(at));
    }
    add_fields<bits, 0>(row, x, b.x_stride, sums);
    add_scaled(b, word, group_words, expand, sums, totals);
  }
  if (word < words) {
    for (size_t r = 0; r < R; ++r) {
      alignas(64) uint32_t padded[unit] = {};
      std::memcpy(padded, packed[r] + 4 * word, 4 * (words - word));
      row[r] = hn::Load(d32, padded);
    }
    add_fields<bits, 0>(row, x, b.x_stride, sums);
    add_scaled(b, word, group_words, expand, sums, totals);
  }
}

/// Adds q * x of one unit, from where each row has it.
template <int bits, size_t R, size_t V>
HWY_INLINE void add_unit(const uint8_t* const (&rows)[R], size_t offset, const float* x,
                         size_t x_stride, Floats (&sums)[R][V]) {
  const UnitTag d;
  for (size_t lane = 0; lane < unit; lane += lanes()) {
    Floats xs[V];
    for (size_t v = 0; v < V; ++v) xs[v] = hn::LoadU(d, x + v * x_stride + lane);
    for (size_t r = 0; r < R; ++r) {
      const Floats q = unpack_unit<bits>(rows[r] + offset, lane);
      for (size_t v = 0; v < V; ++v) sums[r][v] = hn::MulAdd(q, xs[v], sums[r][v]);
    }
  }
}

template <int bits, size_t R, size_t V>
HWY_INLINE void sum_units(const Block& b, Floats (&totals)[R][V]) {
  const UnitTag d;
  constexpr size_t unit_bytes = unit * size_t(bits) / 8;
  const size_t units = b.group_size / unit, group_bytes = units * unit_bytes;
  // Unpacking reads whole registers: the last group of a row is read from a copy.
  uint8_t last[R][128 + 16];
  const uint8_t* rows[R];
  for (size_t g = 0; g < b.groups; ++g) {
    for (size_t r = 0; r < R; ++r) {
      rows[r] = b.packed_row(r) + g * group_bytes;
      hwy::Prefetch(rows[r] + b.ahead);
      if (g + 1 == b.groups) {
        std::memcpy(last[r], rows[r], group_bytes);
        std::memset(last[r] + group_bytes, 0, 16);
        rows[r] = last[r];
      }
    }
    Floats sums[R][V];
    for (size_t r = 0; r < R; ++r) {
      for (size_t v = 0; v < V; ++v) sums[r][v] = hn::Zero(d);
    }
    for (size_t u = 0; u < units; ++u) {
      add_unit<bits>(rows, u * unit_bytes, b.x + g * b.group_size + u * unit, b.x_stride, sums);
    }
    for (size_t r = 0; r < R; ++r) {
      const Floats scale = hn::Set(d, b.scales[b.parameters_of(r) + g]);
      for (size_t v = 0; v < V; ++v) totals[r][v] = hn::MulAdd(sums[r][v], scale, totals[r][v]);
    }
  }
}

/// The products of R rows with V vectors. A function of its own for each: inlined into one another
/// they take compilers minutes under the sanitizers.
template <int bits, size_t R, size_t V>
HWY_NOINLINE void dot_block(const Block& b) {
  const UnitTag d;
  Floats totals[R][V];
  for (size_t r = 0; r < R; ++r) {
    for (size_t v = 0; v < V; ++v) totals[r][v] = hn::Zero(d);
  }
  if constexpr (in_words(bits))
    sum_words<bits>(b, totals);
  else
    sum_units<bits>(b, totals);
  for (size_t g = 0; g < b.groups; g += lanes()) {
    for (size_t r = 0; r < R; ++r) {
      const Floats bias = hn::LoadU(d, b.biases + b.parameters_of(r) + g);
      for (size_t v = 0; v < V; ++v) {
        totals[r][v] = hn::MulAdd(bias, hn::LoadU(d, b.sums + v * b.sum_stride + g), totals[r][v]);
      }
    }
  }
  for (size_t r = 0; r < b.rows; ++r) {
    for (size_t v = 0; v < V; ++v) {
      b.out[v * b.out_stride + r] = hn::GetLane(hn::SumOfLanes(d, totals[r][v]));
    }
  }
}

/// The products of the block's rows with V vectors, as many rows at a time as the registers hold.
template <int bits, size_t V>
HWY_INLINE void dot_few_rows(Block b) {
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64  // 32 registers
  constexpr size_t R = V <= 2 ? 4 : 2;
#else
  constexpr size_t R = V == 1 ? 4 : V == 2 ? 2 : 1;
#endif
  for (size_t left = b.rows;; left -= R) {
    b.rows = std::min(left, R);
    dot_block<bits, R, V>(b);
    if (left <= R) return;
    b.packed += R * b.row_bytes;
    b.scales += R * b.scale_stride;
    b.biases += R * b.scale_stride;
    b.out += R;
  }
}

template <int bits>
void dot_few(const Block& b, size_t vectors) {
  for (size_t v = 0; v < vectors;) {
    Block part = b;
    part.x += v * b.x_stride;
    part.sums += v * b.sum_stride;
    part.out += v * b.out_stride;
    if (vectors - v >= 4) {
      dot_few_rows<bits, 4>(part);
      v += 4;
    } else if (vectors - v >= 2) {
      dot_few_rows<bits, 2>(part);
      v += 2;
    } else {
      dot_few_rows<bits, 1>(part);
      v += 1;
    }
  }
}

template <typename T>
HWY_INLINE void widen_padded(const void* from, int64_t first, size_t n, size_t padded, float* out) {
  const UnitTag d;
  const T* src = static_cast<const T*>(from) + first;
  size_t i = 0;
  for (; i + lanes() <= n; i += lanes()) hn::StoreU(load_floats(d, src + i), d, out + i);
  for (; i < n; ++i) out[i] = float(src[i]);
  for (; i < padded; ++i) out[i] = 0;
}

void widen_group_parameters(Dtype dtype, const void* from, int64_t first, size_t n, size_t padded,
                            float* out) {
  if (dtype == float32)
    widen_padded<float>(from, first, n, padded, out);
  else if (dtype == float16)
    widen_padded<float16_t>(from, first, n, padded, out);
  else
    widen_padded<bfloat16_t>(from, first, n, padded, out);
}

void dot_rows_affine(const AffineMatrix& w, int64_t first, size_t count, const AffineVectors& x,
                     float* scales, float* out, size_t out_stride) {
  constexpr size_t block_rows = 4;
  const auto groups = size_t(w.groups());
  const size_t padded = padded_groups(groups);
  float* biases = scales + block_rows * padded;
  for (size_t r = 0; r < count; r += block_rows) {
    const size_t rows = std::min(block_rows, count - r);
    const int64_t row = first + int64_t(r);
    for (size_t i = 0; i < rows; ++i) {
      const int64_t at = (row + int64_t(i)) * w.groups();
      widen_group_parameters(w.parameters, w.scales, at, groups, padded, scales + i * padded);
      widen_group_parameters(w.parameters, w.biases, at, groups, padded, biases + i * padded);
    }
    const Block block{rows,
                      w.packed + row * w.row_bytes(),
                      size_t(w.row_bytes()),
                      block_rows * size_t(w.row_bytes()),
                      scales,
                      biases,
                      padded,
                      groups,
                      size_t(w.group_size),
                      x.elements.data(),
                      x.stride,
                      x.sums.data(),
                      x.sum_stride,
                      out + r,
                      out_stride};
    switch (w.bits) {
      case 2:
        dot_few<2>(block, x.count);
        break;
      case 3:
        dot_few<3>(block, x.count);
        break;
      case 4:
        dot_few<4>(block, x.count);
        break;
      case 5:
        dot_few<5>(block, x.count);
        break;
      case 6:
        dot_few<6>(block, x.count);
        break;
      default:
        dot_few<8>(block, x.count);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(padded_length);
HWY_EXPORT(padded_groups);
HWY_EXPORT(prepare_vector);
HWY_EXPORT(dot_rows_affine);

AffineVectors::AffineVectors(const AffineMatrix& w, const float* x, size_t count)
    : count(count),
      stride(HWY_DYNAMIC_DISPATCH(padded_length)(w.bits, size_t(w.columns))),
      sum_stride(HWY_DYNAMIC_DISPATCH(padded_groups)(size_t(w.groups()))),
      elements(count * stride),
      sums(count * sum_stride) {
  for (size_t v = 0; v < count; ++v) {
    HWY_DYNAMIC_DISPATCH(prepare_vector)
    (w.bits, size_t(w.group_size), x + v * size_t(w.columns), size_t(w.columns),
     elements.data() + v * stride, sums.data() + v * sum_stride);
  }
}

void affine_dot_rows(const AffineMatrix& w, int64_t first, size_t count, const AffineVectors& x,
                     float* out, size_t out_stride) {
  Scratch<float> scales(2 * 4 * x.sum_stride);
  HWY_DYNAMIC_DISPATCH(dot_rows_affine)(w, first, count, x, scales.data(), out, out_stride);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
