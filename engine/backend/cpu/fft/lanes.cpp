#include "engine/backend/cpu/fft/lanes.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/fft/lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::fft {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, most_lanes>;
using V = hn::Vec<Tag>;
constexpr Tag d;
constexpr size_t width = hn::MaxLanes(Tag());

size_t lane_width() { return width; }

/// One complex number per lane.
struct C {
  V re;
  V im;
};

HWY_INLINE C load(const float* p) { return {hn::LoadU(d, p), hn::LoadU(d, p + width)}; }
HWY_INLINE void store(C x, float* p) {
  hn::StoreU(x.re, d, p);
  hn::StoreU(x.im, d, p + width);
}
HWY_INLINE C operator+(C a, C b) { return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)}; }
HWY_INLINE C operator-(C a, C b) { return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)}; }
HWY_INLINE C operator*(C a, C b) {
  return {hn::NegMulAdd(a.im, b.im, hn::Mul(a.re, b.re)),
          hn::MulAdd(a.re, b.im, hn::Mul(a.im, b.re))};
}
HWY_INLINE C conjugate(C a) { return {a.re, hn::Neg(a.im)}; }
/// a - i b and a + i b.
HWY_INLINE C minus_i(C a, C b) { return {hn::Add(a.re, b.im), hn::Sub(a.im, b.re)}; }
HWY_INLINE C plus_i(C a, C b) { return {hn::Sub(a.re, b.im), hn::Add(a.im, b.re)}; }
/// The complex number at p in all lanes.
HWY_INLINE C same(const float* p) { return {hn::Set(d, p[0]), hn::Set(d, p[1])}; }

// Butterflies: transforms of a few elements in place.

template <size_t radix>
struct Butterfly;

template <>
struct Butterfly<2> {
  HWY_INLINE void operator()(C* x, const float*) const {
    const C sum = x[0] + x[1];
    x[1] = x[0] - x[1];
    x[0] = sum;
  }
};

template <>
struct Butterfly<4> {
  HWY_INLINE void operator()(C* x, const float*) const {
    const C a = x[0] + x[2], b = x[0] - x[2], c = x[1] + x[3], e = x[1] - x[3];
    x[0] = a + c;
    x[1] = minus_i(b, e);
    x[2] = a - c;
    x[3] = plus_i(b, e);
  }
};

/// An odd prime: sums and differences of opposite elements halve the multiplications.
template <size_t most>
HWY_INLINE void odd_butterfly(C* x, const float* roots, size_t radix) {
  C sums[most / 2 + 1], differences[most / 2 + 1];
  const size_t half = radix / 2;
  C total = x[0];
  for (size_t k = 1; k <= half; ++k) {
    sums[k] = x[k] + x[radix - k];
    differences[k] = x[k] - x[radix - k];
    total = total + sums[k];
  }
  const C first = x[0];
  x[0] = total;
  for (size_t t = 1; t <= half; ++t) {
    C even = first, odd{hn::Zero(d), hn::Zero(d)};
    for (size_t k = 1, at = t; k <= half; ++k, at = at + t < radix ? at + t : at + t - radix) {
      const V cosine = hn::Set(d, roots[2 * at]), sine = hn::Set(d, roots[2 * at + 1]);
      even = {hn::MulAdd(sums[k].re, cosine, even.re), hn::MulAdd(sums[k].im, cosine, even.im)};
      odd = {hn::MulAdd(differences[k].re, sine, odd.re),
             hn::MulAdd(differences[k].im, sine, odd.im)};
    }
    x[t] = plus_i(even, odd);
    x[radix - t] = minus_i(even, odd);
  }
}

template <>
struct Butterfly<3> {
  HWY_INLINE void operator()(C* x, const float* roots) const { odd_butterfly<3>(x, roots, 3); }
};
template <>
struct Butterfly<5> {
  HWY_INLINE void operator()(C* x, const float* roots) const { odd_butterfly<5>(x, roots, 5); }
};
template <>
struct Butterfly<7> {
  HWY_INLINE void operator()(C* x, const float* roots) const { odd_butterfly<7>(x, roots, 7); }
};

template <size_t radix>
void run_pass(const Pass& pass, const float* factors, const float* in, float* out) {
  constexpr size_t element = 2 * width;
  const Butterfly<radix> butterfly;
  const float* roots = factors + pass.roots;
  const size_t s = pass.stride, apart = s * pass.groups * element;
  for (size_t group = 0; group < pass.groups; ++group) {
    const float* from = in + group * s * element;
    float* to = out + group * radix * s * element;
    const float* twiddles = factors + pass.twiddles + group * 2 * (radix - 1);
    C w[radix];
    for (size_t t = 1; t < radix; ++t) w[t] = same(twiddles + 2 * (t - 1));
    for (size_t q = 0; q < s; ++q, from += element, to += element) {
      C x[radix];
      for (size_t k = 0; k < radix; ++k) x[k] = load(from + k * apart);
      butterfly(x, roots);
      store(x[0], to);
      for (size_t t = 1; t < radix; ++t)
        store(group == 0 ? x[t] : x[t] * w[t], to + t * s * element);
    }
  }
}

/// The same for any other odd prime.
void run_odd_pass(const Pass& pass, const float* factors, const float* in, float* out) {
  constexpr size_t element = 2 * width;
  const size_t s = pass.stride, radix = pass.radix;
  for (size_t group = 0; group < pass.groups; ++group) {
    const float* twiddles = factors + pass.twiddles + group * 2 * (radix - 1);
    for (size_t q = 0; q < s; ++q) {
      C x[Plan::largest_radix] = {};
      for (size_t k = 0; k < radix; ++k)
        x[k] = load(in + (q + s * (group + k * pass.groups)) * element);
      odd_butterfly<Plan::largest_radix>(x, factors + pass.roots, radix);
      float* to = out + (q + s * radix * group) * element;
      store(x[0], to);
      for (size_t t = 1; t < radix; ++t)
        store(x[t] * same(twiddles + 2 * (t - 1)), to + t * s * element);
    }
  }
}

float* run_passes(const Plan& plan, float* data, float* work) {
  for (const Pass& pass : plan.passes) {
    const auto run = pass.radix == 2   ? run_pass<2>
                     : pass.radix == 3 ? run_pass<3>
                     : pass.radix == 4 ? run_pass<4>
                     : pass.radix == 5 ? run_pass<5>
                     : pass.radix == 7 ? run_pass<7>
                                       : run_odd_pass;
    run(pass, plan.factors.data(), data, work);
    std::swap(data, work);
  }
  return data;
}

/// By a convolution with a chirp. The inverse transform is that of the conjugate, conjugate.
float* run_convolution(const Plan& plan, float* data, float* work) {
  constexpr size_t element = 2 * width;
  const size_t length = plan.convolution->n;
  for (size_t j = 0; j < plan.n; ++j) {
    float* p = data + j * element;
    store(load(p) * same(plan.chirp.data() + 2 * j), p);
  }
  std::fill(data + plan.n * element, data + length * element, 0.0f);
  float* spectrum = run_passes(*plan.convolution, data, work);
  for (size_t j = 0; j < length; ++j) {
    float* p = spectrum + j * element;
    store(conjugate(load(p) * same(plan.spectrum.data() + 2 * j)), p);
  }
  float* result = run_passes(*plan.convolution, spectrum, spectrum == data ? work : data);
  for (size_t j = 0; j < plan.n; ++j) {
    float* p = result + j * element;
    store(conjugate(load(p)) * same(plan.chirp.data() + 2 * j), p);
  }
  return result;
}

float* transform(const Plan& plan, float* data, float* work) {
  return plan.convolution ? run_convolution(plan, data, work) : run_passes(plan, data, work);
}

// Between memory and lanes. `re` and `im` are where the parts go in an element's 2 * width floats.

bool evenly_apart(const LaneLayout& layout, int64_t distance) {
  for (size_t l = 0; l < width; ++l) {
    if (layout.offsets[l] != layout.offsets[0] + int64_t(l) * distance) return false;
  }
  return layout.used == width;
}

struct Quad {
  hn::Vec<hn::FixedTag<float, 4>> rows[4];
};

/// Rows of four become columns.
HWY_INLINE void transpose_quad(Quad& q) {
  const hn::FixedTag<float, 4> d4;
  const hn::Repartition<uint64_t, decltype(d4)> d64;
  const auto a = hn::BitCast(d64, hn::InterleaveLower(d4, q.rows[0], q.rows[1]));
  const auto b = hn::BitCast(d64, hn::InterleaveLower(d4, q.rows[2], q.rows[3]));
  const auto c = hn::BitCast(d64, hn::InterleaveUpper(d4, q.rows[0], q.rows[1]));
  const auto e = hn::BitCast(d64, hn::InterleaveUpper(d4, q.rows[2], q.rows[3]));
  q.rows[0] = hn::BitCast(d4, hn::InterleaveLower(d64, a, b));
  q.rows[1] = hn::BitCast(d4, hn::InterleaveUpper(d64, a, b));
  q.rows[2] = hn::BitCast(d4, hn::InterleaveLower(d64, c, e));
  q.rows[3] = hn::BitCast(d4, hn::InterleaveUpper(d64, c, e));
}

/// Complex rows of dense elements, four lanes and two elements at a time.
void load_rows(const float* data, const LaneLayout& layout, size_t begin, size_t pairs, size_t re,
               size_t im, float* lanes) {
  const hn::FixedTag<float, 4> d4;
  for (size_t l = 0; l < width; l += 4) {
    const float* from[4];
    for (size_t i = 0; i < 4; ++i)
      from[i] = data + layout.offsets[l + i < layout.used ? l + i : 0] + 2 * int64_t(begin);
    float* to = lanes + 2 * width * begin + l;
    for (size_t j = 0; j < pairs; ++j, to += 4 * width) {
      Quad q;
      for (size_t i = 0; i < 4; ++i) q.rows[i] = hn::LoadU(d4, from[i] + 4 * j);
      transpose_quad(q);
      hn::StoreU(q.rows[0], d4, to + re);
      hn::StoreU(q.rows[1], d4, to + im);
      hn::StoreU(q.rows[2], d4, to + 2 * width + re);
      hn::StoreU(q.rows[3], d4, to + 2 * width + im);
    }
  }
}

void store_rows(const float* lanes, const LaneLayout& layout, size_t begin, size_t pairs, size_t re,
                size_t im, float scale, float* data) {
  const hn::FixedTag<float, 4> d4;
  const auto factor = hn::Set(d4, scale);
  for (size_t l = 0; l < layout.used; l += 4) {
    const size_t count = std::min<size_t>(4, layout.used - l);
    float* to[4];
    for (size_t i = 0; i < count; ++i) to[i] = data + layout.offsets[l + i] + 2 * int64_t(begin);
    const float* from = lanes + 2 * width * begin + l;
    for (size_t j = 0; j < pairs; ++j, from += 4 * width) {
      Quad q{{hn::LoadU(d4, from + re), hn::LoadU(d4, from + im),
              hn::LoadU(d4, from + 2 * width + re), hn::LoadU(d4, from + 2 * width + im)}};
      transpose_quad(q);
      for (size_t i = 0; i < count; ++i) hn::StoreU(hn::Mul(q.rows[i], factor), d4, to[i] + 4 * j);
    }
  }
}

void load_group(const float* data, const LaneLayout& layout, size_t begin, size_t end, bool swapped,
                float* lanes) {
  const size_t re = swapped ? width : 0, im = width - re;
  if (layout.imaginary == 1 && layout.stride == 2) {
    const size_t pairs = (end - begin) / 2;
    load_rows(data, layout, begin, pairs, re, im, lanes);
    begin += 2 * pairs;
  } else if (layout.imaginary == 1 && evenly_apart(layout, 2)) {
    for (size_t j = begin; j < end; ++j) {
      C x;
      hn::LoadInterleaved2(d, data + layout.offsets[0] + int64_t(j) * layout.stride, x.re, x.im);
      hn::StoreU(x.re, d, lanes + 2 * width * j + re);
      hn::StoreU(x.im, d, lanes + 2 * width * j + im);
    }
    return;
  } else if (evenly_apart(layout, 1)) {
    for (size_t j = begin; j < end; ++j) {
      const float* from = data + layout.offsets[0] + int64_t(j) * layout.stride;
      hn::StoreU(hn::LoadU(d, from), d, lanes + 2 * width * j + re);
      hn::StoreU(layout.imaginary ? hn::LoadU(d, from + layout.imaginary) : hn::Zero(d), d,
                 lanes + 2 * width * j + im);
    }
    return;
  }
  for (size_t l = 0; l < width; ++l) {
    const float* from = data + layout.offsets[l < layout.used ? l : 0];
    for (size_t j = begin; j < end; ++j) {
      float* to = lanes + 2 * width * j + l;
      to[re] = from[int64_t(j) * layout.stride];
      to[im] = layout.imaginary ? from[int64_t(j) * layout.stride + layout.imaginary] : 0.0f;
    }
  }
}

void store_group(const float* lanes, const LaneLayout& layout, size_t begin, size_t end,
                 bool swapped, float scale, float* data) {
  const size_t re = swapped ? width : 0, im = width - re;
  const V factor = hn::Set(d, scale);
  if (layout.imaginary == 1 && layout.stride == 2) {
    const size_t pairs = (end - begin) / 2;
    store_rows(lanes, layout, begin, pairs, re, im, scale, data);
    begin += 2 * pairs;
  } else if (layout.imaginary == 1 && evenly_apart(layout, 2)) {
    for (size_t j = begin; j < end; ++j) {
      const V real = hn::Mul(hn::LoadU(d, lanes + 2 * width * j + re), factor);
      const V imaginary = hn::Mul(hn::LoadU(d, lanes + 2 * width * j + im), factor);
      hn::StoreInterleaved2(real, imaginary, d,
                            data + layout.offsets[0] + int64_t(j) * layout.stride);
    }
    return;
  } else if (evenly_apart(layout, 1)) {
    for (size_t j = begin; j < end; ++j) {
      float* to = data + layout.offsets[0] + int64_t(j) * layout.stride;
      hn::StoreU(hn::Mul(hn::LoadU(d, lanes + 2 * width * j + re), factor), d, to);
      if (layout.imaginary)
        hn::StoreU(hn::Mul(hn::LoadU(d, lanes + 2 * width * j + im), factor), d,
                   to + layout.imaginary);
    }
    return;
  }
  for (size_t l = 0; l < layout.used; ++l) {
    float* to = data + layout.offsets[l];
    for (size_t j = begin; j < end; ++j) {
      const float* from = lanes + 2 * width * j + l;
      to[int64_t(j) * layout.stride] = from[re] * scale;
      if (layout.imaginary) to[int64_t(j) * layout.stride + layout.imaginary] = from[im] * scale;
    }
  }
}

void multiply_group(float* lanes, size_t n, const float* factors, size_t stride, size_t used) {
  for (size_t j = 0; j < n; ++j, factors += 2 * stride, lanes += 2 * width) {
    C w;
    if (used == width) {
      hn::LoadInterleaved2(d, factors, w.re, w.im);
    } else {
      HWY_ALIGN float parts[2 * most_lanes] = {};
      std::copy_n(factors, 2 * used, parts);
      hn::LoadInterleaved2(d, parts, w.re, w.im);
    }
    store(load(lanes) * w, lanes);
  }
}

// With Z the transform of the pairs: E = (Z_k + conj Z_-k) / 2 and O = (Z_k - conj Z_-k) / 2i are
// those of the even and the odd elements, and X_k = E + w^k O.

void unpack_group(const float* from, size_t half, const float* roots, float* to) {
  const V factor = hn::Set(d, 0.5f);
  for (size_t k = 0; k <= half; ++k) {
    const C a = load(from + 2 * width * (k < half ? k : 0));
    const C b = conjugate(load(from + 2 * width * (k > 0 ? half - k : 0)));
    const C x = minus_i(a + b, (a - b) * same(roots + 2 * k));
    store({hn::Mul(x.re, factor), hn::Mul(x.im, factor)}, to + 2 * width * k);
  }
}

void pack_group(const float* from, size_t half, const float* roots, float* to) {
  C first = load(from), last = load(from + 2 * width * half);
  store({hn::Add(first.re, last.re), hn::Sub(first.re, last.re)}, to);
  for (size_t k = 1; k < half; ++k) {
    const C a = load(from + 2 * width * k), b = conjugate(load(from + 2 * width * (half - k)));
    store(plus_i(a + b, (a - b) * conjugate(same(roots + 2 * k))), to + 2 * width * k);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu::fft
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu::fft {

HWY_EXPORT(lane_width);
HWY_EXPORT(load_group);
HWY_EXPORT(store_group);
HWY_EXPORT(transform);
HWY_EXPORT(multiply_group);
HWY_EXPORT(unpack_group);
HWY_EXPORT(pack_group);

size_t lane_count() {
  static const size_t count = HWY_DYNAMIC_DISPATCH(lane_width)();
  return count;
}

void load_lanes(const float* data, const LaneLayout& layout, size_t begin, size_t end, bool swapped,
                float* lanes) {
  HWY_DYNAMIC_DISPATCH(load_group)(data, layout, begin, end, swapped, lanes);
}

void store_lanes(const float* lanes, const LaneLayout& layout, size_t begin, size_t end,
                 bool swapped, float scale, float* data) {
  HWY_DYNAMIC_DISPATCH(store_group)(lanes, layout, begin, end, swapped, scale, data);
}

float* transform_lanes(const Plan& plan, float* data, float* work) {
  return HWY_DYNAMIC_DISPATCH(transform)(plan, data, work);
}

void multiply_lanes(float* lanes, size_t n, const float* factors, size_t stride, size_t used) {
  HWY_DYNAMIC_DISPATCH(multiply_group)(lanes, n, factors, stride, used);
}

void unpack_real_lanes(const float* from, size_t half, const float* roots, float* to) {
  HWY_DYNAMIC_DISPATCH(unpack_group)(from, half, roots, to);
}

void pack_real_lanes(const float* from, size_t half, const float* roots, float* to) {
  HWY_DYNAMIC_DISPATCH(pack_group)(from, half, roots, to);
}

}  // namespace quern::cpu::fft
#endif  // HWY_ONCE
