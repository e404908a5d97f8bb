#include "engine/primitives/unary.h"

#include <cmath>

#include "engine/backend/cpu/elementwise/tiles.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/elementwise/unary.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/elementwise/loops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

struct Magnitude {
  template <typename T>
  T operator()(T x) const {
    if constexpr (std::is_floating_point_v<T>)
      return std::fabs(x);
    else
      return x < 0 ? T(0 - Wrapping<T>(x)) : x;
  }
};

struct Opposite {
  template <typename T>
  T operator()(T x) const {
    if constexpr (std::is_floating_point_v<T>)
      return -x;
    else
      return T(0 - Wrapping<T>(x));
  }
};

struct Signum {
  template <typename T>
  T operator()(T x) const {
    if constexpr (std::is_floating_point_v<T>)
      return x != x ? x : T(x > 0) - T(x < 0);
    else
      return T((x > 0) - (x < 0));
  }
};

struct Squared {
  template <typename T>
  T operator()(T x) const {
    if constexpr (std::is_floating_point_v<T>)
      return x * x;
    else
      return T(Wrapping<T>(x) * Wrapping<T>(x));
  }
};

struct Down {
  template <typename T>
  T operator()(T x) const {
    return std::floor(x);
  }
};

struct Up {
  template <typename T>
  T operator()(T x) const {
    return std::ceil(x);
  }
};

struct TowardsZero {
  template <typename T>
  T operator()(T x) const {
    return std::trunc(x);
  }
};

struct HalfToEven {
  template <typename T>
  T operator()(T x) const {
    return std::rint(x);
  }
};

struct Inverse {
  template <typename T>
  T operator()(T x) const {
    return T(1) / x;
  }
};

struct SquareRoot {
  template <typename T>
  T operator()(T x) const {
    return std::sqrt(x);
  }
};

struct InverseSquareRoot {
  template <typename T>
  T operator()(T x) const {
    return T(1) / std::sqrt(x);
  }
};

template <typename T>
void add_floating(TileTable& t) {
  constexpr Dtype dtype = dtype_of<T>();
  t.add<Abs>(dtype, unary_loop<Magnitude, T>);
  t.add<Negative>(dtype, unary_loop<Opposite, T>);
  t.add<Square>(dtype, unary_loop<Squared, T>);
  t.add<Floor>(dtype, unary_loop<Down, T>);
  t.add<Ceil>(dtype, unary_loop<Up, T>);
  t.add<Trunc>(dtype, unary_loop<TowardsZero, T>);
  t.add<Round>(dtype, unary_loop<HalfToEven, T>);
  t.add<Reciprocal>(dtype, unary_loop<Inverse, T>);
}

template <typename T>
void add_integer(TileTable& t) {
  constexpr Dtype dtype = dtype_of<T>();
  using U = std::make_unsigned_t<T>;
  if constexpr (std::is_signed_v<T>) t.add<Abs>(dtype, unary_loop<Magnitude, T>);
  t.add<Negative>(dtype, unary_loop<Opposite, U>);
  t.add<Square>(dtype, unary_loop<Squared, U>);
}

}  // namespace

void add_unary(TileTable& t) {
  for_each_type<uint8_t, uint16_t, uint32_t, uint64_t, int8_t, int16_t, int32_t, int64_t>(
      [&]<typename T>(std::type_identity<T>) {
        add_integer<T>(t);
        t.add<Sign>(dtype_of<T>(), unary_loop<Signum, T>);
      });
  for_each_type<float, double>([&]<typename T>(std::type_identity<T>) {
    add_floating<T>(t);
    t.add<Sign>(dtype_of<T>(), unary_loop<Signum, T>);
  });
  t.add<Sqrt>(float64, unary_loop<SquareRoot, double>);
  t.add<Rsqrt>(float64, unary_loop<InverseSquareRoot, double>);
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {
HWY_EXPORT(add_unary);
void add_unary_tiles(TileTable& table) { HWY_DYNAMIC_DISPATCH(add_unary)(table); }
}  // namespace quern::cpu
#endif
