#include "engine/primitives/bitwise.h"

#include "engine/backend/cpu/elementwise/tiles.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/elementwise/bitwise.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/elementwise/loops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

struct And {
  template <typename T>
  T operator()(T a, T b) const {
    return T(a & b);
  }
};

struct Or {
  template <typename T>
  T operator()(T a, T b) const {
    return T(a | b);
  }
};

struct Xor {
  template <typename T>
  T operator()(T a, T b) const {
    return T(a ^ b);
  }
};

struct Invert {
  template <typename T>
  T operator()(T a) const {
    return T(~a);
  }
};

struct Not {
  uint8_t operator()(uint8_t a) const { return a ^ 1; }
};

struct ShiftLeft {
  template <typename T>
  T operator()(T a, T b) const {
    constexpr T width = T(sizeof(T) * 8);
    return b >= 0 && b < width ? T(Wrapping<T>(a) << b) : T(0);
  }
};

struct ShiftRight {
  template <typename T>
  T operator()(T a, T b) const {
    constexpr T width = T(sizeof(T) * 8);
    return T(a >> (b >= 0 && b < width ? b : width - 1)) * T(std::is_signed_v<T> || b < width);
  }
};

template <typename T>
void add_type(TileTable& t) {
  constexpr Dtype dtype = dtype_of<T>();
  using U = std::make_unsigned_t<T>;
  t.add<BitwiseAnd>(dtype, binary_loop<And, U>);
  t.add<BitwiseOr>(dtype, binary_loop<Or, U>);
  t.add<BitwiseXor>(dtype, binary_loop<Xor, U>);
  t.add<BitwiseInvert>(dtype, unary_loop<Invert, U>);
  t.add<LeftShift>(dtype, binary_loop<ShiftLeft, T>);
  t.add<RightShift>(dtype, binary_loop<ShiftRight, T>);
}

}  // namespace

void add_bitwise(TileTable& t) {
  for_each_type<uint8_t, uint16_t, uint32_t, uint64_t, int8_t, int16_t, int32_t, int64_t>(
      [&]<typename T>(std::type_identity<T>) { add_type<T>(t); });
  t.add<BitwiseAnd>(bool_, binary_loop<And, uint8_t>);
  t.add<BitwiseOr>(bool_, binary_loop<Or, uint8_t>);
  t.add<BitwiseXor>(bool_, binary_loop<Xor, uint8_t>);
  t.add<BitwiseInvert>(bool_, unary_loop<Not, uint8_t>);
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {
HWY_EXPORT(add_bitwise);
void add_bitwise_tiles(TileTable& table) { HWY_DYNAMIC_DISPATCH(add_bitwise)(table); }
}  // namespace quern::cpu
#endif
