// The loop over rows that the dot products of packed rows with a few vectors share, whatever the
// vectors consist of: included by dot.cpp and integer_dot.cpp, compiled once per target.
#if defined(QUERN_CPU_QUANTIZED_DOT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef QUERN_CPU_QUANTIZED_DOT_INL_H
#undef QUERN_CPU_QUANTIZED_DOT_INL_H
#else
#define QUERN_CPU_QUANTIZED_DOT_INL_H
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/ask_for.h"
#include "engine/backend/cpu/quantized/codes-inl.h"
#include "engine/backend/cpu/quantized/packed_matrix.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

HWY_INLINE size_t lanes() { return hn::Lanes(UnitTag()); }

/// Floats that `groups` parameters are padded to: whole registers may be read from any of them.
HWY_INLINE size_t padded_count(size_t groups) { return groups / lanes() * lanes() + 2 * lanes(); }

/// Where the rows and vectors of one block are. Kernels for more rows than there are repeat the
/// last one. Parameters are scales and biases as they are stored, or widened.
template <typename Element, typename Parameter>
struct Block {
  size_t rows;  ///< at least 1
  const uint8_t* packed;
  size_t row_bytes;
  size_t rows_ahead;  ///< from a row to one whose turn comes when memory has had the time to bring
                      ///< it
  const Parameter* scales;  ///< of the block's rows, scale_stride apart; a row's may be read up to
                            ///< padded_count
  const Parameter* biases;  ///< nullptr for none
  size_t scale_stride;
  size_t groups;
  size_t group_size;
  const Element* x;
  size_t x_stride;
  const float* x_scales;  ///< of vectors of integers, for each lane of each step
  size_t x_scale_stride;
  const float* sums;
  size_t sum_stride;
  float* out;
  size_t out_stride;

  const uint8_t* packed_row(size_t r) const { return packed + std::min(r, rows - 1) * row_bytes; }
  size_t parameters_of(size_t r) const { return std::min(r, rows - 1) * scale_stride; }
};

/// The scales of one step's lanes: lane i has that of the step's group i / group_lanes.
template <typename Parameter>
class LaneScales {
 public:
  explicit HWY_INLINE LaneScales(size_t group_lanes) {
    alignas(64) int32_t places[unit];
    for (size_t i = 0; i < lanes(); ++i) places[i] = int32_t(i / group_lanes);
    places_ = hn::IndicesFromVec(UnitTag(), hn::Load(hn::RebindToSigned<UnitTag>(), places));
  }
  /// p: the scale of the step's first group.
  HWY_INLINE Floats load(const Parameter* p) const {
    return hn::TableLookupLanes(load_floats(UnitTag(), p), places_);
  }

 private:
  decltype(hn::IndicesFromVec(UnitTag(), hn::Zero(hn::RebindToSigned<UnitTag>()))) places_;
};

/// As a bfloat16 is the upper half of a float, moving bytes is enough.
template <>
class LaneScales<bfloat16_t> {
 public:
  explicit HWY_INLINE LaneScales(size_t group_lanes) {
    alignas(64) uint8_t places[4 * unit];
    for (size_t i = 0; i < lanes(); ++i) {
      places[4 * i] = places[4 * i + 1] = 0x80;
      places[4 * i + 2] = uint8_t(i / group_lanes * 2);
      places[4 * i + 3] = uint8_t(i / group_lanes * 2 + 1);
    }
    places_ = hn::Load(Bytes(), places);
  }
  HWY_INLINE Floats load(const bfloat16_t* p) const {
    const auto eight = hn::LoadDup128(Bytes(), reinterpret_cast<const uint8_t*>(p));
    return hn::BitCast(UnitTag(), hn::TableLookupBytesOr0(eight, places_));
  }

 private:
  using Bytes = hn::Repartition<uint8_t, UnitTag>;
  hn::Vec<Bytes> places_;
};

/// The sum of a register's parts of 128 bits.
template <class D>
HWY_INLINE hn::Vec<hn::Full128<float>> sum_parts(D /*d*/, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) == 4) {
    return v;
  } else {
    const hn::Half<D> half;
    return sum_parts(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

/// The sums of four registers' lanes.
HWY_INLINE hn::Vec<hn::Full128<float>> sums_of_four(Floats a, Floats b, Floats c, Floats e) {
  const UnitTag d;
  const hn::Repartition<double, UnitTag> pairs;
  const auto ab =
      hn::BitCast(pairs, hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b)));
  const auto ce =
      hn::BitCast(pairs, hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e)));
  const auto all = hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, ab, ce)),
                           hn::BitCast(d, hn::InterleaveUpper(pairs, ab, ce)));
  return sum_parts(d, all);
}

/// The part of the products that biases make of the vectors' sums, and the end: the lanes' totals
/// become the block's output.
template <typename Element, typename Parameter, size_t R, size_t V>
HWY_INLINE void finish_block(const Block<Element, Parameter>& b, Floats (&totals)[R][V]) {
  const UnitTag d;
  for (size_t g = 0; b.biases != nullptr && g < b.groups; g += lanes()) {
    const auto wanted = hn::FirstN(d, b.groups - g);
    for (size_t r = 0; r < R; ++r) {
      Floats bias = load_floats(d, b.biases + b.parameters_of(r) + g);
      if (g + lanes() > b.groups) bias = hn::IfThenElseZero(wanted, bias);
      for (size_t v = 0; v < V; ++v) {
        totals[r][v] = hn::MulAdd(bias, hn::LoadU(d, b.sums + v * b.sum_stride + g), totals[r][v]);
      }
    }
  }
  for (size_t v = 0; v < V; ++v) {
    float* out = b.out + v * b.out_stride;
    if constexpr (R == 4) {
      alignas(16) float sums[4];
      hn::Store(sums_of_four(totals[0][v], totals[1][v], totals[2][v], totals[3][v]),
                hn::Full128<float>(), sums);
      for (size_t r = 0; r < b.rows; ++r) out[r] = sums[r];
    } else {
      for (size_t r = 0; r < b.rows; ++r) out[r] = hn::GetLane(hn::SumOfLanes(d, totals[r][v]));
    }
  }
}

/// The products of the block's rows with V vectors, as many rows at a time as the registers hold.
template <class Kernel, size_t V, typename Element, typename Parameter>
HWY_INLINE void dot_few_rows(Block<Element, Parameter> b) {
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64  // 32 registers
  constexpr size_t R = V <= 2 ? 4 : 2;
#else
  constexpr size_t R = V == 1 ? 4 : V == 2 ? 2 : 1;
#endif
  for (size_t left = b.rows;; left -= R) {
    b.rows = std::min(left, R);
    Kernel::template dot_block<R, V>(b);
    if (left <= R) return;
    b.packed += R * b.row_bytes;
    b.scales += R * b.scale_stride;
    if (b.biases != nullptr) b.biases += R * b.scale_stride;
    b.out += R;
  }
}

template <class Kernel, typename Element, typename Parameter>
HWY_INLINE void dot_few(const Block<Element, Parameter>& b, size_t vectors) {
  for (size_t v = 0; v < vectors;) {
    Block<Element, Parameter> part = b;
    part.x += v * b.x_stride;
    part.x_scales += v * b.x_scale_stride;
    part.sums += v * b.sum_stride;
    part.out += v * b.out_stride;
    if (vectors - v >= 4) {
      dot_few_rows<Kernel, 4>(part);
      v += 4;
    } else if (vectors - v >= 2) {
      dot_few_rows<Kernel, 2>(part);
      v += 2;
    } else {
      dot_few_rows<Kernel, 1>(part);
      v += 1;
    }
  }
}

inline constexpr size_t block_rows = 4;

/// Rows from a block to the one that is fetched while it computes: far enough for memory to answer.
HWY_INLINE size_t rows_ahead(size_t row_bytes) {
  constexpr size_t bytes_ahead = 32768;
  return (bytes_ahead / (block_rows * row_bytes + 1) + 1) * block_rows;
}

/// Fetches a cache line to the second level: the first has no room besides the vectors.
HWY_INLINE void prefetch(const void* p) { __builtin_prefetch(p, 0, 2); }

/// Multiplies rows with vectors, a block at a time. `block` says where the vectors are;
/// parameters(row, rows, block) says where the rows' scales and biases are. What comes after the
/// range's end is somebody else's, and not fetched.
template <class Kernel, typename Element, typename Parameter, class Vectors, class Parameters>
HWY_INLINE void dot_rows_of(const PackedMatrix& w, const RowRange& range, const Vectors& x,
                            Block<Element, Parameter> block, float* out, size_t out_stride,
                            Parameters&& parameters) {
  block.row_bytes = size_t(w.row_bytes());
  const size_t ahead = rows_ahead(block.row_bytes);
  block.groups = size_t(w.groups());
  block.group_size = size_t(w.group_size);
  block.x_stride = x.stride;
  block.sums = x.sums.data();
  block.sum_stride = x.sum_stride;
  block.out_stride = out_stride;
  for (size_t r = 0; r < range.count; r += block_rows) {
    const int64_t row = range.first + int64_t(r);
    block.rows = std::min(block_rows, range.count - r);
    block.rows_ahead = row + int64_t(ahead) < range.end ? ahead : 0;
    block.packed = w.packed + row * w.row_bytes();
    block.out = out + r;
    parameters(row, block.rows, block);
    dot_few<Kernel>(block, x.count);
  }
}

/// The same with parameters widened to floats, scales also times `factor`. `scratch` has room for
/// two blocks' rows of padded_count.
template <class Kernel, typename Element, class Vectors>
HWY_INLINE void dot_rows_widened(const PackedMatrix& w, float factor, const RowRange& range,
                                 const Vectors& x, const Block<Element, float>& vectors,
                                 float* scratch, float* out, size_t out_stride) {
  const auto groups = size_t(w.groups());
  const size_t padded = padded_count(groups);
  float* biases = scratch + block_rows * padded;
  dot_rows_of<Kernel>(w, range, x, vectors, out, out_stride,
                      [&](int64_t row, size_t rows, Block<Element, float>& block) {
                        for (size_t i = 0; i < rows; ++i) {
                          const int64_t at = (row + int64_t(i)) * w.groups();
                          widen_scales(w.scale_kind, w.scales, at, groups, w.factor * factor,
                                       padded, scratch + i * padded);
                          if (w.biases != nullptr)
                            widen_scales(w.scale_kind, w.biases, at, groups, 1, padded,
                                         biases + i * padded);
                        }
                        block.scales = scratch;
                        block.biases = w.biases == nullptr ? nullptr : biases;
                        block.scale_stride = padded;
                      });
}

/// The same with parameters where they lie; but for those at the matrix's end, for whole registers
/// are read.
template <class Kernel, typename Element, typename Parameter, class Vectors>
HWY_INLINE void dot_rows_direct(const PackedMatrix& w, const RowRange& range, const Vectors& x,
                                const Block<Element, Parameter>& vectors, Parameter* scratch,
                                float* out, size_t out_stride) {
  const auto groups = size_t(w.groups());
  const size_t padded = padded_count(groups);
  const auto* all_scales = reinterpret_cast<const Parameter*>(w.scales);
  const auto* all_biases = reinterpret_cast<const Parameter*>(w.biases);
  dot_rows_of<Kernel>(
      w, range, x, vectors, out, out_stride,
      [&](int64_t row, size_t rows, Block<Element, Parameter>& block) {
        const auto at = size_t(row) * groups, end = at + rows * groups;
        block.scales = all_scales + at;
        block.biases = all_biases + at;
        block.scale_stride = groups;
        const size_t next = block.rows_ahead * groups;
        ask_for(block.scales + next, rows * groups * sizeof(Parameter));
        ask_for(block.biases + next, rows * groups * sizeof(Parameter));
        if (end - groups + padded <= size_t(w.rows) * groups) return;
        Parameter* biases = scratch + block_rows * padded;
        std::fill_n(scratch, 2 * block_rows * padded, Parameter());
        for (size_t i = 0; i < rows; ++i) {
          std::memcpy(scratch + i * padded, block.scales + i * groups, groups * sizeof(Parameter));
          std::memcpy(biases + i * padded, block.biases + i * groups, groups * sizeof(Parameter));
        }
        block.scales = scratch;
        block.biases = biases;
        block.scale_stride = padded;
      });
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
