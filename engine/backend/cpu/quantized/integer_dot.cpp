#include "engine/backend/cpu/quantized/integer_dot.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

// Of the instruction sets that Highway tells apart this one is nearest to having AVX-512 VNNI.
#define HWY_WANT_AVX3_DL
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/quantized/integer_dot.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "engine/backend/cpu/quantized/activations-inl.h"
#include "engine/backend/cpu/quantized/dot-inl.h"

// As dot.cpp, with integers in place of floats: of a register of places as wide as the vector's
// elements, 16 or 8 bits, field 0 of each place is masked off, then field 1, ..., and multiplied
// with the elements in that order. One instruction adds the neighbouring products in 32 bits; a
// step's sums become floats, and are multiplied with the scales of the weight and of the vector.

HWY_BEFORE_NAMESPACE();
// Every processor with the rest of this set has the instruction; Highway 1.0 does not ask for it.
#undef QUERN_HAS_VNNI
#if HWY_TARGET == HWY_AVX3_DL && HWY_COMPILER_GCC_ACTUAL
#pragma GCC target("avx512vnni")
#define QUERN_HAS_VNNI 1
#else
#define QUERN_HAS_VNNI 0
#endif
namespace quern::cpu {
namespace HWY_NAMESPACE {

#if QUERN_HAS_VNNI
#include "engine/backend/cpu/quantized/spread_codes_avx512-inl.h"
#endif

/// Whether elements that lie across bytes can be spread to a byte each, and be as those of 8 bits
/// from then on.
bool spreads_codes() { return QUERN_HAS_VNNI; }

/// Bits of an element's field in a register.
constexpr int field_bits(Code code) { return is_spread(code) ? 8 : bits_of(code); }

/// Places for elements: words of 16 bits or bytes.
template <typename Element>
using PlaceTag = hn::CappedTag<std::make_unsigned_t<Element>, 4 * unit / sizeof(Element)>;
template <typename Element>
using ElementTag = hn::CappedTag<Element, 4 * unit / sizeof(Element)>;
template <typename Element>
using Places = hn::Vec<PlaceTag<Element>>;
template <typename Element>
using Elements = hn::Vec<ElementTag<Element>>;
using SumTag = hn::RebindToSigned<UnitTag>;
using Sums = hn::Vec<SumTag>;

/// What fills a register.
HWY_INLINE size_t step_bytes(Code code) {
  return 4 * lanes() * size_t(bits_of(code)) / size_t(field_bits(code));
}

template <typename Element>
constexpr size_t fields_of(Code code) {
  return 8 * sizeof(Element) / size_t(field_bits(code));
}

/// Elements of a 32-bit lane, however wide the places are.
constexpr size_t lane_elements(Code code) { return size_t(32 / field_bits(code)); }

HWY_INLINE size_t step_elements(Code code) { return lanes() * lane_elements(code); }

/// Whether bytes are the faster where they will do: there are instructions that sum their products
/// at once, and it is not memory alone that a vector of 8-bit weights waits for.
bool prefers_bytes(Code code, size_t vectors) {
  return QUERN_HAS_VNNI && code != Code::e2m1 && (code != Code::u8 || vectors > 1);
}

IntegerVectors::Layout layout_of(Code code, size_t length, size_t groups) {
  const size_t step = step_elements(code), steps = (length + step - 1) / step;
  return {steps * step, steps * lanes(), padded_count(groups)};
}

/// out: the elements of whole steps, from natural order to that of a step's fields.
template <Code code, typename Element>
HWY_INLINE void interleave_steps(const Element* natural, size_t padded, Element* out) {
  const ElementTag<Element> d;
  const size_t n = hn::Lanes(d);
  constexpr size_t fields = fields_of<Element>(code);
  if constexpr (fields == 1) {
    std::memcpy(out, natural, padded * sizeof(Element));
    return;
  }
  for (size_t k = 0; k < padded; k += n * fields) {
    Elements<Element> f0, f1, f2, f3;
    if constexpr (fields == 2) {
      hn::LoadInterleaved2(d, natural + k, f0, f1);
      hn::StoreU(f0, d, out + k);
      hn::StoreU(f1, d, out + k + n);
    } else if constexpr (fields == 4) {
      hn::LoadInterleaved4(d, natural + k, f0, f1, f2, f3);
      hn::StoreU(f0, d, out + k);
      hn::StoreU(f1, d, out + k + n);
      hn::StoreU(f2, d, out + k + 2 * n);
      hn::StoreU(f3, d, out + k + 3 * n);
    } else {
      for (size_t i = 0; i < n * fields; ++i) out[k + i % fields * n + i / fields] = natural[k + i];
    }
  }
}

using Preparation = IntegerVectors::Preparation;

template <Code code, typename Element, typename T>
HWY_INLINE void prepare(const Preparation& p) {
  const auto* x = static_cast<const T*>(p.x);
  auto* natural = static_cast<Element*>(p.natural);
  constexpr float most = float(std::numeric_limits<Element>::max());
  const size_t groups = p.length / p.group_size, group_lanes = p.group_size / lane_elements(code);
  std::fill(natural + p.length, natural + p.layout.elements, Element(0));
  for (size_t g = 0; g < groups; ++g) {
    const size_t first = g * p.group_size;
    const GroupRange range = range_of_group(x + first, p.group_size, most);
    const int32_t sum = round_group(x + first, p.group_size, range.inverse, natural + first);
    std::fill_n(p.scales + g * group_lanes, group_lanes, range.scale);
    p.sums[g] = float(sum) * range.scale;
  }
  std::fill(p.scales + groups * group_lanes, p.scales + p.layout.scales, 0.0f);
  std::fill(p.sums + groups, p.sums + p.layout.sums, 0.0f);
  interleave_steps<code>(natural, p.layout.elements, static_cast<Element*>(p.elements));
}

template <typename Element, typename T>
HWY_INLINE void prepare_any(const Preparation& p) {
  if (p.code == Code::u2) return prepare<Code::u2, Element, T>(p);
  if (field_bits(p.code) == 8) return prepare<Code::u8, Element, T>(p);
  return prepare<Code::u4, Element, T>(p);
}

void prepare_vector(const Preparation& p, bool bytes) {
  if (p.dtype == float16)
    bytes ? prepare_any<int8_t, float16_t>(p) : prepare_any<int16_t, float16_t>(p);
  else
    bytes ? prepare_any<int8_t, bfloat16_t>(p) : prepare_any<int16_t, bfloat16_t>(p);
}

/// A register of places, from which fields are taken one after the other.
template <Code code, typename Element>
class Fields {
 public:
  Fields() = default;
  explicit HWY_INLINE Fields(Places<Element> places) : places_(places) {}

  template <int field>
  HWY_INLINE Elements<Element> get() const {
    constexpr int bits = field_bits(code), shift = bits * field, width = 8 * sizeof(Element);
    const hn::Repartition<uint16_t, PlaceTag<Element>> words;
    auto moved = places_;
    // Bytes are moved as words: what comes in from the neighbour is masked off.
    if constexpr (shift > 0) {
      moved = hn::BitCast(PlaceTag<Element>(), hn::ShiftRight<shift>(hn::BitCast(words, moved)));
    }
    if constexpr (shift + bits < width || (width == 8 && shift > 0)) {
      moved = hn::And(moved, hn::Set(PlaceTag<Element>(), uint8_t((1u << bits) - 1)));
    }
    return hn::BitCast(ElementTag<Element>(), moved);
  }

 private:
  Places<Element> places_;
};

/// The fields are looked up as bytes of twice the value.
template <>
class Fields<Code::e2m1, int16_t> {
 public:
  Fields() = default;
  explicit HWY_INLINE Fields(Places<int16_t> words) {
    const ElementTag<int16_t> d;
    const hn::Repartition<uint8_t, PlaceTag<int16_t>> d8;
    const auto table = hn::LoadDup128(d8, reinterpret_cast<const uint8_t*>(e2m1_doubled));
    const auto mask = hn::Set(PlaceTag<int16_t>(), uint16_t(0x0f0f));
    const auto even = hn::And(words, mask), odd = hn::And(hn::ShiftRight<4>(words), mask);
    even_ = hn::BitCast(d, hn::TableLookupBytes(table, hn::BitCast(d8, even)));
    odd_ = hn::BitCast(d, hn::TableLookupBytes(table, hn::BitCast(d8, odd)));
  }

  template <int field>
  HWY_INLINE Elements<int16_t> get() const {
    const Elements<int16_t>& both = field % 2 == 0 ? even_ : odd_;
    if constexpr (field / 2 == 0) return hn::ShiftRight<8>(hn::ShiftLeft<8>(both));
    return hn::ShiftRight<8>(both);
  }

 private:
  Elements<int16_t> even_, odd_;
};

/// What makes a field the element's value.
constexpr float field_factor(Code code) { return code == Code::e2m1 ? 0.5f : 1.0f; }

/// Adds the products of neighbouring elements to the sums, which are two registers where the
/// instructions want it so.
HWY_INLINE void add_products(Elements<int16_t> q, Elements<int16_t> x, Sums& low, Sums& high) {
#if QUERN_HAS_VNNI
  low = Sums{_mm512_dpwssd_epi32(low.raw, q.raw, x.raw)};
  (void)high;
#else
  low = hn::ReorderWidenMulAccumulate(SumTag(), q, x, low, high);
#endif
}

#if QUERN_HAS_VNNI
HWY_INLINE void add_products(Elements<int8_t> q, Elements<int8_t> x, Sums& low, Sums&) {
  low = Sums{_mm512_dpbusd_epi32(low.raw, q.raw, x.raw)};
}
#endif

template <int field, Code code, typename Element, size_t R, size_t V>
HWY_INLINE void add_fields(const Fields<code, Element> (&rows)[R], const Element* x,
                           size_t x_stride, Sums (&low)[R][V], Sums (&high)[R][V]) {
  if constexpr (field < int(fields_of<Element>(code))) {
    const ElementTag<Element> d;
    Elements<Element> xs[V];
    for (size_t v = 0; v < V; ++v)
      xs[v] = hn::LoadU(d, x + v * x_stride + size_t(field) * hn::Lanes(d));
    for (size_t r = 0; r < R; ++r) {
      const Elements<Element> q = rows[r].template get<field>();
      for (size_t v = 0; v < V; ++v) add_products(q, xs[v], low[r][v], high[r][v]);
    }
    add_fields<field + 1>(rows, x, x_stride, low, high);
  }
}

template <Code code, typename Element, typename Parameter>
struct IntegerDot {
  using Lines = Block<Element, Parameter>;

  static HWY_INLINE Fields<code, Element> load(const uint8_t* p) {
#if QUERN_HAS_VNNI
    if constexpr (is_spread(code)) {
      constexpr __mmask64 wanted = (uint64_t(1) << (8 * bits_of(code))) - 1;
      const __m512i packed = _mm512_maskz_loadu_epi8(wanted, p);
      return Fields<code, Element>(Places<Element>{spread<bits_of(code)>(packed)});
    }
#endif
    using Place = hn::TFromD<PlaceTag<Element>>;
    return Fields<code, Element>(hn::LoadU(PlaceTag<Element>(), reinterpret_cast<const Place*>(p)));
  }

  template <size_t R, size_t V>
  static HWY_INLINE void add_step(const Lines& b, const Fields<code, Element> (&rows)[R],
                                  size_t step, size_t group_lanes,
                                  const LaneScales<Parameter>& lane_scales,
                                  Floats (&totals)[R][V]) {
    const UnitTag d;
    Sums low[R][V], high[R][V];
    for (size_t r = 0; r < R; ++r) {
      for (size_t v = 0; v < V; ++v) low[r][v] = high[r][v] = hn::Zero(SumTag());
    }
    add_fields<0>(rows, b.x + step * step_elements(code), b.x_stride, low, high);
    const size_t lane = step * lanes(), group = lane / group_lanes;
    for (size_t r = 0; r < R; ++r) {
      const Floats scale = lane_scales.load(b.scales + b.parameters_of(r) + group);
      for (size_t v = 0; v < V; ++v) {
        const Floats sum = hn::ConvertTo(d, hn::RearrangeToOddPlusEven(low[r][v], high[r][v]));
        const Floats x_scale = hn::LoadU(d, b.x_scales + v * b.x_scale_stride + lane);
        totals[r][v] = hn::MulAdd(hn::Mul(sum, x_scale), scale, totals[r][v]);
      }
    }
  }

  /// The products of R rows with V vectors.
  template <size_t R, size_t V>
  static HWY_NOINLINE void dot_block(const Lines& b) {
    const size_t n = step_bytes(code), group_lanes = b.group_size / lane_elements(code);
    const LaneScales<Parameter> lane_scales(group_lanes);
    const size_t ahead = b.rows_ahead * b.row_bytes;
    const uint8_t* packed[R];
    Floats totals[R][V];
    for (size_t r = 0; r < R; ++r) {
      packed[r] = b.packed_row(r);
      for (size_t v = 0; v < V; ++v) totals[r][v] = hn::Zero(UnitTag());
    }
    Fields<code, Element> rows[R];
    size_t at = 0, step = 0;
    for (; at + n <= b.row_bytes; at += n, ++step) {
      for (size_t r = 0; r < R; ++r) {
        prefetch(packed[0] + ahead + at * R + r * n);
        rows[r] = load(packed[r] + at);
      }
      add_step(b, rows, step, group_lanes, lane_scales, totals);
    }
    if (at < b.row_bytes) {
      for (size_t r = 0; r < R; ++r) {
        alignas(64) uint8_t padded[4 * unit] = {};
        std::memcpy(padded, packed[r] + at, b.row_bytes - at);
        rows[r] = load(padded);
      }
      add_step(b, rows, step, group_lanes, lane_scales, totals);
    }
    finish_block(b, totals);
  }
};

template <Code code, typename Element, typename Parameter>
void dot_rows_of_code(const PackedMatrix& w, const RowRange& range, const IntegerVectors& x,
                      float* scratch, float* out, size_t out_stride) {
  using Kernel = IntegerDot<code, Element, Parameter>;
  Block<Element, Parameter> vectors{};
  vectors.x = static_cast<const Element*>(x.elements());
  vectors.x_scales = x.scales.data();
  vectors.x_scale_stride = x.scale_stride;
  if constexpr (std::is_same_v<Parameter, float>) {
    dot_rows_widened<Kernel>(w, field_factor(code), range, x, vectors, scratch, out, out_stride);
  } else {
    dot_rows_direct<Kernel>(w, range, x, vectors, reinterpret_cast<Parameter*>(scratch), out,
                            out_stride);
  }
}

using DotRows = void (*)(const PackedMatrix&, const RowRange&, const IntegerVectors&, float*,
                         float*, size_t);

template <typename Element, typename Parameter>
DotRows affine_kernel(Code code) {
#if QUERN_HAS_VNNI
  if (code == Code::u3) return dot_rows_of_code<Code::u3, Element, Parameter>;
  if (code == Code::u5) return dot_rows_of_code<Code::u5, Element, Parameter>;
  if (code == Code::u6) return dot_rows_of_code<Code::u6, Element, Parameter>;
#endif
  return code == Code::u2   ? dot_rows_of_code<Code::u2, Element, Parameter>
         : code == Code::u4 ? dot_rows_of_code<Code::u4, Element, Parameter>
                            : dot_rows_of_code<Code::u8, Element, Parameter>;
}

template <typename Element>
DotRows affine_kernel(Code code, ScaleKind kind) {
  return kind == ScaleKind::bfloat16  ? affine_kernel<Element, bfloat16_t>(code)
         : kind == ScaleKind::float16 ? affine_kernel<Element, float16_t>(code)
                                      : affine_kernel<Element, float>(code);
}

DotRows kernel_for(const PackedMatrix& w, const IntegerVectors& x) {
  if (w.code == Code::e2m1) return dot_rows_of_code<Code::e2m1, int16_t, float>;
#if QUERN_HAS_VNNI
  if (x.are_bytes) return affine_kernel<int8_t>(w.code, w.scale_kind);
#else
  (void)x;
#endif
  return affine_kernel<int16_t>(w.code, w.scale_kind);
}

void dot_rows_integer(const PackedMatrix& w, const RowRange& range, const IntegerVectors& x,
                      float* scratch, float* out, size_t out_stride) {
  kernel_for(w, x)(w, range, x, scratch, out, out_stride);
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(spreads_codes);
HWY_EXPORT(prefers_bytes);
HWY_EXPORT(layout_of);
HWY_EXPORT(prepare_vector);
HWY_EXPORT(dot_rows_integer);

bool has_integer_dot(const PackedMatrix& w) {
  if (is_spread(w.code)) return HWY_DYNAMIC_DISPATCH(spreads_codes)();
  return w.code != Code::e4m3 && w.group_size * bits_of(w.code) >= 64;
}

IntegerVectors::IntegerVectors(const PackedMatrix& w, const void* x, Dtype dtype,
                               const int64_t* numbers, size_t count, bool may_be_bytes)
    : IntegerVectors(
          w, x, dtype, numbers, count,
          may_be_bytes && HWY_DYNAMIC_DISPATCH(prefers_bytes)(w.code, count),
          HWY_DYNAMIC_DISPATCH(layout_of)(w.code, size_t(w.columns), size_t(w.groups()))) {}

IntegerVectors::IntegerVectors(const PackedMatrix& w, const void* x, Dtype dtype,
                               const int64_t* numbers, size_t count, bool are_bytes,
                               const Layout& layout)
    : count(count),
      are_bytes(are_bytes),
      stride(layout.elements),
      scale_stride(layout.scales),
      sum_stride(layout.sums),
      scales(count * scale_stride),
      sums(count * sum_stride),
      elements_(count * stride * element_bytes()) {
  Scratch<char> natural(stride * element_bytes());
  for (size_t v = 0; v < count; ++v) {
    const int64_t number = numbers == nullptr ? int64_t(v) : numbers[v];
    const auto* row = static_cast<const char*>(x) + number * w.columns * int64_t(dtype.size());
    HWY_DYNAMIC_DISPATCH(prepare_vector)
    ({w.code, dtype, row, size_t(w.columns), size_t(w.group_size), layout, natural.data(),
      elements_.data() + v * stride * element_bytes(), scales.data() + v * scale_stride,
      sums.data() + v * sum_stride},
     are_bytes);
  }
}

void integer_dot_rows(const PackedMatrix& w, RowRange range, const IntegerVectors& x,
                      float* scratch, float* out, size_t out_stride) {
  HWY_DYNAMIC_DISPATCH(dot_rows_integer)(w, range, x, scratch, out, out_stride);
}

}  // namespace quern::cpu
#endif  // HWY_ONCE
