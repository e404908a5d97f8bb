#include <algorithm>
#include <cmath>

#include "engine/backend/cpu/elementwise/tiles.h"
#include "engine/primitives/arithmetic.h"
#include "engine/primitives/unary.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/elementwise/float_math.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/elementwise/loops-inl.h"
#include "engine/backend/cpu/float_lanes-inl.h"
#include "engine/backend/cpu/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

// Each names a function of math-inl.h as a type.

struct VectorExp {
  template <class D, class V>
  V operator()(D d, V x) const {
    return exp_of(d, x);
  }
};
struct VectorExpm1 {
  template <class D, class V>
  V operator()(D d, V x) const {
    return expm1_of(d, x);
  }
};
struct VectorLog {
  template <class D, class V>
  V operator()(D d, V x) const {
    return log_of(d, x);
  }
};
struct VectorLog1p {
  template <class D, class V>
  V operator()(D d, V x) const {
    return log1p_of(d, x);
  }
};
struct VectorSigmoid {
  template <class D, class V>
  V operator()(D d, V x) const {
    return sigmoid_of(d, x);
  }
};
struct VectorTanh {
  template <class D, class V>
  V operator()(D d, V x) const {
    return tanh_of(d, x);
  }
};
struct VectorErf {
  template <class D, class V>
  V operator()(D d, V x) const {
    return erf_of(d, x);
  }
};
struct VectorErfInv {
  template <class D, class V>
  V operator()(D d, V x) const {
    return erfinv_of(d, x);
  }
};

struct VectorSqrt {
  template <class D, class V>
  V operator()(D /*d*/, V x) const {
    return hn::Sqrt(x);
  }
};
struct VectorRsqrt {
  template <class D, class V>
  V operator()(D d, V x) const {
    return hn::Div(hn::Set(d, 1.0f), hn::Sqrt(x));
  }
};

/// In float32; half dtypes are widened and narrowed in registers.
template <typename F, typename T>
void vector_loop(const void* const* in, void* out, size_t n) {
  const hn::ScalableTag<float> d;
  const T* a = static_cast<const T*>(in[0]);
  T* to = static_cast<T*>(out);
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) store_floats(d, F()(d, load_floats(d, a + i)), to + i);
  if (i == n) return;
  HWY_ALIGN T rest[hn::MaxLanes(d)] = {};
  std::copy(a + i, a + n, rest);
  store_floats(d, F()(d, load_floats(d, rest)), rest);
  std::copy(rest, rest + (n - i), to + i);
}

void logaddexp_loop(const void* const* in, void* out, size_t n) {
  const hn::ScalableTag<float> d;
  const float* a = static_cast<const float*>(in[0]);
  const float* b = static_cast<const float*>(in[1]);
  float* to = static_cast<float*>(out);
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(logaddexp_of(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, to + i);
  }
  if (i == n) return;
  HWY_ALIGN float rest_a[hn::MaxLanes(d)] = {}, rest_b[hn::MaxLanes(d)] = {};
  std::copy(a + i, a + n, rest_a);
  std::copy(b + i, b + n, rest_b);
  hn::Store(logaddexp_of(d, hn::Load(d, rest_a), hn::Load(d, rest_b)), d, rest_a);
  std::copy(rest_a, rest_a + (n - i), to + i);
}

/// sin (quarter turns 0) or cos (1) of x. x is reduced to [-pi/4, pi/4] in float64, with pi/2 in
/// two parts: exact enough up to the size that sine_loop checks.
template <int quarter_turns>
float sine(float x) {
  constexpr double round = 0x1.8p52;
  const double turns = (double(x) * 0x1.45f306dc9c883p-1 + round) - round;
  const float r = float((double(x) - turns * 0x1.921fb544p+0) - turns * 0x1.0b4611a626331p-34);
  const int quadrant = int(turns) + quarter_turns;
  const float t = r * r;
  const float s = r + r * t * (-0x1.555552p-3f + t * (0x1.110c24p-7f + t * -0x1.9ac6fcp-13f));
  const float c =
      1.0f - 0.5f * t + t * t * (0x1.555554p-5f + t * (-0x1.6c12cep-10f + t * 0x1.9bd67p-16f));
  const float size = (quadrant & 1) != 0 ? c : s;
  return (quadrant & 2) != 0 ? -size : size;
}

template <int quarter_turns>
void sine_loop(const void* const* in, void* out, size_t n) {
  constexpr size_t block = 64;
  constexpr float largest = 0x1p20f;
  const float* a = static_cast<const float*>(in[0]);
  float* to = static_cast<float*>(out);
  for (size_t begin = 0; begin < n; begin += block) {
    const size_t end = std::min(n, begin + block);
    int outside = 0;
    for (size_t i = begin; i < end; ++i) outside |= !(std::fabs(a[i]) <= largest);
    if (outside) {
      for (size_t i = begin; i < end; ++i) to[i] = quarter_turns ? std::cos(a[i]) : std::sin(a[i]);
    } else {
      QUERN_INDEPENDENT
      for (size_t i = begin; i < end; ++i) to[i] = sine<quarter_turns>(a[i]);
    }
  }
}

}  // namespace

void add_float_math(TileTable& t) {
  for_each_type<float, float16_t, bfloat16_t>([&]<typename T>(std::type_identity<T>) {
    constexpr Dtype dtype = dtype_of<T>();
    t.add<Exp>(dtype, vector_loop<VectorExp, T>);
    t.add<Expm1>(dtype, vector_loop<VectorExpm1, T>);
    t.add<Log>(dtype, vector_loop<VectorLog, T>);
    t.add<Log1p>(dtype, vector_loop<VectorLog1p, T>);
    t.add<Sigmoid>(dtype, vector_loop<VectorSigmoid, T>);
    t.add<Erf>(dtype, vector_loop<VectorErf, T>);
    t.add<ErfInv>(dtype, vector_loop<VectorErfInv, T>);
    t.add<Sqrt>(dtype, vector_loop<VectorSqrt, T>);
    t.add<Rsqrt>(dtype, vector_loop<VectorRsqrt, T>);
  });
  // Widened and narrowed in passes of their own, half dtypes are faster.
  t.add<Tanh>(float32, vector_loop<VectorTanh, float>);
  t.add<LogAddExp>(float32, logaddexp_loop);
  t.add<Sin>(float32, sine_loop<0>);
  t.add<Cos>(float32, sine_loop<1>);
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {
HWY_EXPORT(add_float_math);
void add_float_math_tiles(TileTable& table) { HWY_DYNAMIC_DISPATCH(add_float_math)(table); }
}  // namespace quern::cpu
#endif
