#include "engine/primitives/comparison.h"

#include <cmath>

#include "engine/backend/cpu/elementwise/tiles.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/elementwise/comparison.cpp"
#include "hwy/foreach_target.h"
// after foreach_target.h
#include "engine/backend/cpu/elementwise/loops-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quern::cpu::HWY_NAMESPACE {
namespace {

// Truth values are bytes that are 0 or 1.

struct Same {
  template <typename T>
  uint8_t operator()(T a, T b) const {
    return a == b;
  }
};

struct Different {
  template <typename T>
  uint8_t operator()(T a, T b) const {
    return a != b;
  }
};

struct Below {
  template <typename T>
  uint8_t operator()(T a, T b) const {
    return a < b;
  }
};

struct NotAbove {
  template <typename T>
  uint8_t operator()(T a, T b) const {
    return a <= b;
  }
};

struct Both {
  uint8_t operator()(uint8_t a, uint8_t b) const { return a & b; }
};
struct Either {
  uint8_t operator()(uint8_t a, uint8_t b) const { return a | b; }
};
struct OnlyOne {
  uint8_t operator()(uint8_t a, uint8_t b) const { return a ^ b; }
};
struct Not {
  uint8_t operator()(uint8_t a) const { return a ^ 1; }
};

struct NotANumber {
  template <typename T>
  uint8_t operator()(T x) const {
    return x != x;
  }
};

struct Infinite {
  template <typename T>
  uint8_t operator()(T x) const {
    return std::fabs(x) == T(INFINITY);
  }
};

struct Finite {
  template <typename T>
  uint8_t operator()(T x) const {
    return std::fabs(x) < T(INFINITY);
  }
};

struct PositiveInfinite {
  template <typename T>
  uint8_t operator()(T x) const {
    return x == T(INFINITY);
  }
};

struct NegativeInfinite {
  template <typename T>
  uint8_t operator()(T x) const {
    return x == T(-INFINITY);
  }
};

/// a > b is b < a: the loop of the one serves for the other.
template <Tile tile>
void swapped(const void* const* in, void* out, size_t n) {
  const void* const operands[] = {in[1], in[0]};
  tile(operands, out, n);
}

/// Values of one width, whatever they mean: as bits, because all compilers vectorise that.
template <typename T>
void select(const void* const* in, void* out, size_t n) {
  const uint8_t* condition = static_cast<const uint8_t*>(in[0]);
  const T* x = static_cast<const T*>(in[1]);
  const T* y = static_cast<const T*>(in[2]);
  T* to = static_cast<T*>(out);
  QUERN_INDEPENDENT
  for (size_t i = 0; i < n; ++i) to[i] = T(y[i] ^ ((x[i] ^ y[i]) & (T(0) - T(condition[i]))));
}

template <typename T>
void add_order(TileTable& t, Dtype dtype) {
  constexpr Tile below = binary_loop<Below, T, uint8_t>;
  constexpr Tile not_above = binary_loop<NotAbove, T, uint8_t>;
  t.add<Less>(dtype, below);
  t.add<Greater>(dtype, swapped<below>);
  t.add<LessEqual>(dtype, not_above);
  t.add<GreaterEqual>(dtype, swapped<not_above>);
}

template <typename T>
void add_equality(TileTable& t, Dtype dtype) {
  t.add<Equal>(dtype, binary_loop<Same, T, uint8_t>);
  t.add<NotEqual>(dtype, binary_loop<Different, T, uint8_t>);
}

template <typename T>
void add_classes(TileTable& t) {
  constexpr Dtype dtype = dtype_of<T>();
  t.add<IsNaN>(dtype, unary_loop<NotANumber, T, uint8_t>);
  t.add<IsInf>(dtype, unary_loop<Infinite, T, uint8_t>);
  t.add<IsFinite>(dtype, unary_loop<Finite, T, uint8_t>);
  t.add<IsPosInf>(dtype, unary_loop<PositiveInfinite, T, uint8_t>);
  t.add<IsNegInf>(dtype, unary_loop<NegativeInfinite, T, uint8_t>);
}

}  // namespace

void add_comparison(TileTable& t) {
  for_each_type<uint8_t, uint16_t, uint32_t, uint64_t, int8_t, int16_t, int32_t, int64_t, float,
                double>([&]<typename T>(std::type_identity<T>) {
    constexpr Dtype dtype = dtype_of<T>();
    add_order<T>(t, dtype);
    if constexpr (std::is_integral_v<T>)
      add_equality<std::make_unsigned_t<T>>(t, dtype);
    else
      add_equality<T>(t, dtype);
  });
  add_order<uint8_t>(t, bool_);
  add_equality<uint8_t>(t, bool_);
  add_classes<float>(t);
  add_classes<double>(t);
  t.add<LogicalAnd>(bool_, binary_loop<Both, uint8_t>);
  t.add<LogicalOr>(bool_, binary_loop<Either, uint8_t>);
  t.add<LogicalXor>(bool_, binary_loop<OnlyOne, uint8_t>);
  t.add<LogicalNot>(bool_, unary_loop<Not, uint8_t>);
  for (const Dtype dtype : {bool_, uint8, int8}) t.add<Select>(dtype, select<uint8_t>);
  for (const Dtype dtype : {uint16, int16, float16, bfloat16})
    t.add<Select>(dtype, select<uint16_t>);
  for (const Dtype dtype : {uint32, int32, float32}) t.add<Select>(dtype, select<uint32_t>);
  for (const Dtype dtype : {uint64, int64, float64, complex64}) {
    t.add<Select>(dtype, select<uint64_t>);
  }
}

}  // namespace quern::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {
HWY_EXPORT(add_comparison);
void add_comparison_tiles(TileTable& table) { HWY_DYNAMIC_DISPATCH(add_comparison)(table); }
}  // namespace quern::cpu
#endif
