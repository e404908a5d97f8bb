#pragma once

#include <type_traits>
#include <utility>

#include "engine/array/dtype.h"
#include "engine/array/half.h"

namespace quern {

/// The C++ type that holds an element of a dtype, and back.
template <typename T>
constexpr Dtype dtype_of() {
  using U = std::remove_cv_t<T>;
  if constexpr (std::is_same_v<U, bool>)
    return bool_;
  else if constexpr (std::is_same_v<U, float16_t>)
    return float16;
  else if constexpr (std::is_same_v<U, bfloat16_t>)
    return bfloat16;
  else if constexpr (std::is_same_v<U, float>)
    return float32;
  else if constexpr (std::is_same_v<U, double>)
    return float64;
  else if constexpr (std::is_same_v<U, complex64_t>)
    return complex64;
  else {
    static_assert(std::is_integral_v<U>, "no dtype holds this type");
    constexpr bool is_signed = std::is_signed_v<U>;
    if constexpr (sizeof(U) == 1)
      return is_signed ? int8 : uint8;
    else if constexpr (sizeof(U) == 2)
      return is_signed ? int16 : uint16;
    else if constexpr (sizeof(U) == 4)
      return is_signed ? int32 : uint32;
    else
      return is_signed ? int64 : uint64;
  }
}

/// The dtype that an array made from C++ values of this type gets: double gives float32, as in MLX.
template <typename T>
constexpr Dtype default_dtype_of() {
  if constexpr (std::is_same_v<std::remove_cv_t<T>, double>)
    return float32;
  else
    return dtype_of<T>();
}

/// Calls f(std::type_identity<T>{}) with the type that holds an element of the dtype.
template <typename F>
decltype(auto) dispatch(Dtype dtype, F&& f) {
  switch (dtype.val) {
    case Dtype::Val::bool_:
      return f(std::type_identity<bool>{});
    case Dtype::Val::uint8:
      return f(std::type_identity<uint8_t>{});
    case Dtype::Val::uint16:
      return f(std::type_identity<uint16_t>{});
    case Dtype::Val::uint32:
      return f(std::type_identity<uint32_t>{});
    case Dtype::Val::uint64:
      return f(std::type_identity<uint64_t>{});
    case Dtype::Val::int8:
      return f(std::type_identity<int8_t>{});
    case Dtype::Val::int16:
      return f(std::type_identity<int16_t>{});
    case Dtype::Val::int32:
      return f(std::type_identity<int32_t>{});
    case Dtype::Val::int64:
      return f(std::type_identity<int64_t>{});
    case Dtype::Val::float16:
      return f(std::type_identity<float16_t>{});
    case Dtype::Val::float32:
      return f(std::type_identity<float>{});
    case Dtype::Val::float64:
      return f(std::type_identity<double>{});
    case Dtype::Val::bfloat16:
      return f(std::type_identity<bfloat16_t>{});
    case Dtype::Val::complex64:
      return f(std::type_identity<complex64_t>{});
  }
  __builtin_unreachable();
}

/// A value of one element type as another: complex to real drops the imaginary part, anything to
/// bool asks whether it is not zero.
template <typename To, typename From>
To convert_element(From x) {
  if constexpr (std::is_same_v<From, complex64_t>) {
    if constexpr (std::is_same_v<To, complex64_t>)
      return x;
    else if constexpr (std::is_same_v<To, bool>)
      return x != complex64_t(0);
    else
      return To(x.real());
  } else if constexpr (std::is_same_v<From, float16_t> || std::is_same_v<From, bfloat16_t>) {
    if constexpr (std::is_same_v<To, From>)
      return x;
    else
      return convert_element<To>(float(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_same_v<To, complex64_t>) {
    return complex64_t(float(x));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // Through a wide signed integer: a negative float to an unsigned type wraps as integers do,
    // where C++ leaves the direct cast undefined.
    if constexpr (sizeof(To) < 8)
      return To(int64_t(x));
    else
      return x < From(0) ? To(int64_t(x)) : To(x);
  } else {
    return To(x);
  }
}

}  // namespace quern
