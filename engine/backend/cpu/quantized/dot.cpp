#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/quantized/packed_matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/quantized/dot.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/quantized/dot-inl.h"

// A row's product with x is, over its groups, sum(scale * sum(q * x) + bias * sum(x)), and the sums
// of x alone are computed once per x. What is left is the sum of q * x, in two ways:
//
// Widths that divide 32 stay in their 32-bit words. A register of words holds field 0 of every
// word, then field 1, ...; masking one field off leaves q * 2^(bits * field), an exact float. x
// lies in the same order, times 2^-(bits * field), so that a field costs a mask, a conversion and a
// multiply-add. The fields of an e2m1 are looked up instead.
//
// Other widths and e4m3 are unpacked in their own order by codes-inl.h, and x carries its factors.

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

using WordTag = hn::RebindToUnsigned<UnitTag>;
using Words = hn::Vec<WordTag>;

constexpr bool in_words(Code code) { return 32 % bits_of(code) == 0 && code != Code::e4m3; }

/// Whether a register holds the values of all 16 e2m1, so that one instruction looks them up.
#if HWY_TARGET <= HWY_AVX3
constexpr bool wide_lookup = true;
#else
constexpr bool wide_lookup = false;
#endif

/// Elements that one step of the row loop takes; prepared vectors are padded to a multiple of it.
HWY_INLINE size_t step_elements(Code code) {
  return in_words(code) ? lanes() * size_t(32 / bits_of(code)) : unit;
}

size_t padded_length(Code code, size_t length) {
  const size_t step = step_elements(code);
  return (length + step - 1) / step * step;
}

size_t padded_groups(size_t groups) { return padded_count(groups); }

/// What makes an unpacked element k of a row its value.
float unpacked_factor(Code code, size_t k) {
  const auto bits = size_t(bits_of(code));
  if (code == Code::e4m3) return e4m3_factor;
  if (code == Code::e2m1) return wide_lookup ? 1.0f : 0.5f;
  if (!in_words(code)) return 1.0f / float(1u << (k * bits % 8));
  // The last field is shifted down, for there is no signed integer above the mask.
  const size_t fields = 32 / bits, field = k % fields;
  return field + 1 == fields ? 1.0f : 1.0f / float(uint64_t(1) << (bits * field));
}

/// sums may be nullptr.
void prepare_vector(Code code, size_t group_size, const float* x, size_t length, float* out,
                    float* sums) {
  const size_t fields = in_words(code) ? size_t(32 / bits_of(code)) : unit, words = lanes();
  std::fill(out, out + padded_length(code, length), 0.0f);
  float factors[unit];
  for (size_t k = 0; k < fields; ++k) factors[k] = unpacked_factor(code, k);
  for (size_t k = 0; k < length; ++k) {
    const size_t step = k / (words * fields), word = k / fields % words, field = k % fields;
    const size_t place = in_words(code) ? (step * fields + field) * words + word : k;
    out[place] = x[k] * factors[field];
  }
  if (sums == nullptr) return;
  const size_t groups = length / group_size;
  std::fill(sums, sums + padded_groups(groups), 0.0f);
  for (size_t g = 0; g < groups; ++g) {
    double sum = 0;
    for (size_t k = g * group_size; k < (g + 1) * group_size; ++k) sum += double(x[k]);
    sums[g] = float(sum);
  }
}

/// A register of words, from which fields are taken one after the other: each is what
/// unpacked_factor makes its value.
template <Code code>
class Fields {
 public:
  Fields() = default;
  explicit HWY_INLINE Fields(Words words) : words_(words) {}

  template <int field>
  HWY_INLINE Floats get() const {
    const WordTag d32;
    const hn::RebindToSigned<UnitTag> di32;
    constexpr int bits = bits_of(code), shift = bits * field;
    constexpr uint32_t mask = (uint32_t(1) << bits) - 1;
    if constexpr (shift + bits == 32) {
      return hn::ConvertTo(UnitTag(), hn::BitCast(di32, hn::ShiftRight<shift>(words_)));
    } else {
      const auto masked = hn::And(words_, hn::Set(d32, mask << shift));
      return hn::ConvertTo(UnitTag(), hn::BitCast(di32, masked));
    }
  }

 private:
  Words words_;
};

#if HWY_TARGET <= HWY_AVX3
alignas(64) constexpr float e2m1_values[16] = {0, 0.5f,  1,  1.5f,  2,  3,  4,  6,
                                               0, -0.5f, -1, -1.5f, -2, -3, -4, -6};

template <>
class Fields<Code::e2m1> {
 public:
  Fields() = default;
  explicit HWY_INLINE Fields(Words words) : words_(words) {}

  template <int field>
  HWY_INLINE Floats get() const {
    const UnitTag d;
    const WordTag d32;
    auto places = hn::ShiftRight<4 * field>(words_);
    // The instruction reads no more than these bits; only Highway's own checks need the others off.
    if constexpr (HWY_IS_DEBUG_BUILD) places = hn::And(places, hn::Set(d32, 15u));
    return hn::TableLookupLanes(hn::Load(d, e2m1_values), hn::IndicesFromVec(d, places));
  }

 private:
  Words words_;
};
#else
template <>
class Fields<Code::e2m1> {
 public:
  Fields() = default;
  explicit HWY_INLINE Fields(Words words) {
    const WordTag d32;
    const hn::Repartition<uint8_t, UnitTag> d8;
    const auto table = hn::LoadDup128(d8, reinterpret_cast<const uint8_t*>(e2m1_doubled));
    const auto mask = hn::Set(d32, 0x0f0f0f0fu);
    const auto even = hn::And(words, mask), odd = hn::And(hn::ShiftRight<4>(words), mask);
    even_ = hn::BitCast(di32_, hn::TableLookupBytes(table, hn::BitCast(d8, even)));
    odd_ = hn::BitCast(di32_, hn::TableLookupBytes(table, hn::BitCast(d8, odd)));
  }

  template <int field>
  HWY_INLINE Floats get() const {
    constexpr int byte = field / 2;
    const auto moved = hn::ShiftLeft<24 - 8 * byte>(field % 2 == 0 ? even_ : odd_);
    return hn::ConvertTo(UnitTag(), hn::ShiftRight<24>(moved));
  }

 private:
  static constexpr hn::RebindToSigned<UnitTag> di32_{};
  hn::Vec<hn::RebindToSigned<UnitTag>> even_, odd_;  ///< bytes of twice the value
};
#endif

/// Adds q * x of the fields [field, ...) to the sums.
template <Code code, int field, size_t R, size_t V>
HWY_INLINE void add_fields(const Fields<code> (&rows)[R], const float* x, size_t x_stride,
                           Floats (&sums)[R][V]) {
  if constexpr (field < 32 / bits_of(code)) {
    const UnitTag d;
    Floats xs[V];
    for (size_t v = 0; v < V; ++v) xs[v] = hn::LoadU(d, x + v * x_stride + size_t(field) * lanes());
    for (size_t r = 0; r < R; ++r) {
      const Floats q = rows[r].template get<field>();
      for (size_t v = 0; v < V; ++v) {
        sums[r][v] = field == 0 ? hn::Mul(q, xs[v]) : hn::MulAdd(q, xs[v], sums[r][v]);
      }
    }
    add_fields<code, field + 1>(rows, x, x_stride, sums);
  }
}

/// totals += scale * sums, where the lanes' groups start at word first_word.
template <size_t R, size_t V>
HWY_INLINE void add_scaled(const Block<float, float>& b, size_t first_word, size_t group_words,
                           const LaneScales<float>& lane_scales, const Floats (&sums)[R][V],
                           Floats (&totals)[R][V]) {
  const size_t group = first_word / group_words;
  for (size_t r = 0; r < R; ++r) {
    const Floats scale = lane_scales.load(b.scales + b.parameters_of(r) + group);
    for (size_t v = 0; v < V; ++v) totals[r][v] = hn::MulAdd(sums[r][v], scale, totals[r][v]);
  }
}

template <Code code, size_t R, size_t V>
HWY_INLINE void sum_words(const Block<float, float>& b, Floats (&totals)[R][V]) {
  const WordTag d32;
  constexpr auto bits = size_t(bits_of(code));
  const size_t n = lanes(), words = b.row_bytes / 4, group_words = b.group_size * bits / 32;
  const LaneScales<float> lane_scales(group_words);
  const float* x = b.x;
  const uint8_t* packed[R];
  for (size_t r = 0; r < R; ++r) packed[r] = b.packed_row(r);
  const size_t ahead = b.rows_ahead * b.row_bytes;
  Fields<code> row[R];
  Floats sums[R][V];
  size_t word = 0;
  for (; word + n <= words; word += n, x += n * (32 / bits)) {
    for (size_t r = 0; r < R; ++r) {
      const uint8_t* at = packed[r] + 4 * word;
      prefetch(packed[0] + ahead + 4 * (word * R + r * n));
      row[r] = Fields<code>(hn::LoadU(d32, reinterpret_cast<const uint32_t*>(at)));
    }
    add_fields<code, 0>(row, x, b.x_stride, sums);
    add_scaled(b, word, group_words, lane_scales, sums, totals);
  }
  if (word < words) {
    for (size_t r = 0; r < R; ++r) {
      alignas(64) uint32_t padded[unit] = {};
      std::memcpy(padded, packed[r] + 4 * word, 4 * (words - word));
      row[r] = Fields<code>(hn::Load(d32, padded));
    }
    add_fields<code, 0>(row, x, b.x_stride, sums);
    add_scaled(b, word, group_words, lane_scales, sums, totals);
  }
}

/// Adds q * x of one unit, from where each row has it.
template <Code code, size_t R, size_t V>
HWY_INLINE void add_unit(const uint8_t* const (&rows)[R], size_t offset, const float* x,
                         size_t x_stride, Floats (&sums)[R][V]) {
  const UnitTag d;
  for (size_t lane = 0; lane < unit; lane += lanes()) {
    Floats xs[V];
    for (size_t v = 0; v < V; ++v) xs[v] = hn::LoadU(d, x + v * x_stride + lane);
    for (size_t r = 0; r < R; ++r) {
      const Floats q = unpack_unit<code>(rows[r] + offset, lane);
      for (size_t v = 0; v < V; ++v) sums[r][v] = hn::MulAdd(q, xs[v], sums[r][v]);
    }
  }
}

template <Code code, size_t R, size_t V>
HWY_INLINE void sum_units(const Block<float, float>& b, Floats (&totals)[R][V]) {
  const UnitTag d;
  constexpr size_t unit_bytes = unit * size_t(bits_of(code)) / 8;
  const size_t units = b.group_size / unit, group_bytes = units * unit_bytes;
  // Unpacking reads whole registers: the last group of a row is read from a copy.
  uint8_t last[R][128 + 16];
  const uint8_t* rows[R];
  const size_t ahead = b.rows_ahead * b.row_bytes;
  for (size_t g = 0; g < b.groups; ++g) {
    for (size_t r = 0; r < R; ++r) {
      rows[r] = b.packed_row(r) + g * group_bytes;
      prefetch(rows[r] + ahead);
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
      add_unit<code>(rows, u * unit_bytes, b.x + g * b.group_size + u * unit, b.x_stride, sums);
    }
    for (size_t r = 0; r < R; ++r) {
      const Floats scale = hn::Set(d, b.scales[b.parameters_of(r) + g]);
      for (size_t v = 0; v < V; ++v) totals[r][v] = hn::MulAdd(sums[r][v], scale, totals[r][v]);
    }
  }
}

template <Code code>
struct FloatDot {
  /// The products of R rows with V vectors. A function of its own for each: inlined into one
  /// another they take compilers minutes under the sanitizers.
  template <size_t R, size_t V>
  static HWY_NOINLINE void dot_block(const Block<float, float>& b) {
    Floats totals[R][V];
    for (size_t r = 0; r < R; ++r) {
      for (size_t v = 0; v < V; ++v) totals[r][v] = hn::Zero(UnitTag());
    }
    if constexpr (in_words(code))
      sum_words<code>(b, totals);
    else
      sum_units<code>(b, totals);
    finish_block(b, totals);
  }
};

template <Code code>
void dot_rows_of_code(const PackedMatrix& w, const RowRange& range, const PackedVectors& x,
                      float* scratch, float* out, size_t out_stride) {
  Block<float, float> vectors{};
  vectors.x = x.elements.data();
  dot_rows_widened<FloatDot<code>>(w, 1, range, x, vectors, scratch, out, out_stride);
}

void dot_rows_packed(const PackedMatrix& w, const RowRange& range, const PackedVectors& x,
                     float* scratch, float* out, size_t out_stride) {
  constexpr decltype(&dot_rows_of_code<Code::u2>) kernels[] = {
      dot_rows_of_code<Code::u2>,   dot_rows_of_code<Code::u3>,  dot_rows_of_code<Code::u4>,
      dot_rows_of_code<Code::u5>,   dot_rows_of_code<Code::u6>,  dot_rows_of_code<Code::u8>,
      dot_rows_of_code<Code::e2m1>, dot_rows_of_code<Code::e4m3>};
  kernels[size_t(w.code)](w, range, x, scratch, out, out_stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(padded_length);
HWY_EXPORT(padded_groups);
HWY_EXPORT(prepare_vector);
HWY_EXPORT(dot_rows_packed);

PackedVectors::PackedVectors(const PackedMatrix& w, const float* x, const int64_t* numbers,
                             size_t count)
    : count(count),
      stride(HWY_DYNAMIC_DISPATCH(padded_length)(w.code, size_t(w.columns))),
      sum_stride(HWY_DYNAMIC_DISPATCH(padded_groups)(size_t(w.groups()))),
      elements(count * stride),
      sums(w.biases == nullptr ? 0 : count * sum_stride) {
  for (size_t v = 0; v < count; ++v) {
    const int64_t number = numbers == nullptr ? int64_t(v) : numbers[v];
    HWY_DYNAMIC_DISPATCH(prepare_vector)
    (w.code, size_t(w.group_size), x + number * w.columns, size_t(w.columns),
     elements.data() + v * stride, w.biases == nullptr ? nullptr : sums.data() + v * sum_stride);
  }
}

void packed_dot_rows(const PackedMatrix& w, RowRange range, const PackedVectors& x, float* scratch,
                     float* out, size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(dot_rows_packed)(w, range, x, scratch, out, out_stride);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
