#include <cmath>

#include "engine/backend/cpu/elementwise/tiles.h"
#include "engine/primitives/arithmetic.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/elementwise/arithmetic.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/elementwise/loops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

// Functions of two elements. Integers arrive as unsigned wherever the sign makes no difference.

struct Plus {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>)
      return T(Wrapping<T>(a) + Wrapping<T>(b));
    else
      return a + b;
  }
};

struct Minus {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>)
      return T(Wrapping<T>(a) - Wrapping<T>(b));
    else
      return a - b;
  }
};

struct Times {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>)
      return T(Wrapping<T>(a) * Wrapping<T>(b));
    else
      return a * b;
  }
};

struct Over {
  template <typename T>
  T operator()(T a, T b) const {
    return a / b;
  }
};

struct FloorOver {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      return std::floor(a / b);
    } else if constexpr (std::is_unsigned_v<T>) {
      return b == 0 ? T(0) : T(a / b);
    } else {
      if (b == 0) return 0;
      if (b == -1) return T(0 - Wrapping<T>(a));  // the smallest number has no positive counterpart
      const T quotient = T(a / b);
      return T(quotient - (a % b != 0 && (a < 0) != (b < 0)));
    }
  }
};

struct Modulo {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      const T rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    } else if constexpr (std::is_unsigned_v<T>) {
      return b == 0 ? T(0) : T(a % b);
    } else {
      if (b == 0 || b == -1) return 0;
      const T rest = T(a % b);
      return rest != 0 && (rest < 0) != (b < 0) ? T(rest + b) : rest;
    }
  }
};

struct ToThe {
  template <typename T>
  T operator()(T base, T exponent) const {
    if constexpr (std::is_floating_point_v<T>) {
      return std::pow(base, exponent);
    } else {
      if constexpr (std::is_signed_v<T>) {
        if (exponent < 0) return base == 1 ? T(1) : base == -1 ? T(exponent % 2 ? -1 : 1) : T(0);
      }
      Wrapping<T> result = 1, square = Wrapping<T>(base);
      for (; exponent != 0; exponent = T(exponent >> 1), square *= square) {
        if (exponent & 1) result *= square;
      }
      return T(result);
    }
  }
};

struct Larger {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>)
      return a < b || b != b ? b : a;
    else
      return a > b ? a : b;
  }
};

struct Smaller {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>)
      return b < a || b != b ? b : a;
    else
      return a < b ? a : b;
  }
};

// bool, as bytes that are 0 or 1: what arithmetic with the result taken as a truth value gives.

struct Or {
  uint8_t operator()(uint8_t a, uint8_t b) const { return a | b; }
};
struct And {
  uint8_t operator()(uint8_t a, uint8_t b) const { return a & b; }
};
struct Xor {
  uint8_t operator()(uint8_t a, uint8_t b) const { return a ^ b; }
};
struct OrNot {
  uint8_t operator()(uint8_t a, uint8_t b) const { return a | (b ^ 1); }
};
struct Zero {
  uint8_t operator()(uint8_t, uint8_t) const { return 0; }
};

template <typename T>
void add_type(TileTable& t) {
  constexpr Dtype dtype = dtype_of<T>();
  if constexpr (std::is_floating_point_v<T>) {
    t.add<Add>(dtype, binary_loop<Plus, T>);
    t.add<Subtract>(dtype, binary_loop<Minus, T>);
    t.add<Multiply>(dtype, binary_loop<Times, T>);
    t.add<Divide>(dtype, binary_loop<Over, T>);
  } else {
    using U = std::make_unsigned_t<T>;
    t.add<Add>(dtype, binary_loop<Plus, U>);
    t.add<Subtract>(dtype, binary_loop<Minus, U>);
    t.add<Multiply>(dtype, binary_loop<Times, U>);
  }
  t.add<FloorDivide>(dtype, binary_loop<FloorOver, T>);
  t.add<Remainder>(dtype, binary_loop<Modulo, T>);
  t.add<Power>(dtype, binary_loop<ToThe, T>);
  t.add<Maximum>(dtype, binary_loop<Larger, T>);
  t.add<Minimum>(dtype, binary_loop<Smaller, T>);
}

}  // namespace

void add_arithmetic(TileTable& t) {
  for_each_type<uint8_t, uint16_t, uint32_t, uint64_t, int8_t, int16_t, int32_t, int64_t, float,
                double>([&]<typename T>(std::type_identity<T>) { add_type<T>(t); });
  t.add<Add>(bool_, binary_loop<Or, uint8_t>);
  t.add<Subtract>(bool_, binary_loop<Xor, uint8_t>);
  t.add<Multiply>(bool_, binary_loop<And, uint8_t>);
  t.add<FloorDivide>(bool_, binary_loop<And, uint8_t>);
  t.add<Remainder>(bool_, binary_loop<Zero, uint8_t>);
  t.add<Power>(bool_, binary_loop<OrNot, uint8_t>);
  t.add<Maximum>(bool_, binary_loop<Or, uint8_t>);
  t.add<Minimum>(bool_, binary_loop<And, uint8_t>);
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {
HWY_EXPORT(add_arithmetic);
void add_arithmetic_tiles(TileTable& table) { HWY_DYNAMIC_DISPATCH(add_arithmetic)(table); }
}  // namespace quern::cpu
#endif
