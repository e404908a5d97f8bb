#include "engine/backend/cpu/combine_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "engine/array/dispatch.h"

namespace quern::cpu {

namespace {

template <typename T>
constexpr bool is_half = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;

template <typename T>
bool is_nan(const T& x) {
  if constexpr (std::is_same_v<T, complex64_t>)
    return x.real() != x.real() || x.imag() != x.imag();
  else if constexpr (std::is_floating_point_v<T>)
    return x != x;
  else
    return false;
}

template <typename T>
bool less(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, complex64_t>)
    return a.real() < b.real() || (a.real() == b.real() && a.imag() < b.imag());
  else
    return a < b;
}

/// Integers as the unsigned type that wraps without undefined behaviour.
template <typename T>
auto wrapping(T x) {
  if constexpr (std::is_integral_v<T>)
    return std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>(x);
  else
    return x;
}

struct Add {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_same_v<T, bool>)
      return a || b;
    else
      return T(wrapping(a) + wrapping(b));
  }
};

struct Multiply {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_same_v<T, bool>)
      return a && b;
    else
      return T(wrapping(a) * wrapping(b));
  }
};

struct Maximum {
  template <typename T>
  T operator()(T a, T b) const {
    return is_nan(a) || less(b, a) ? a : b;
  }
};

struct Minimum {
  template <typename T>
  T operator()(T a, T b) const {
    return is_nan(a) || less(a, b) ? a : b;
  }
};

template <typename T, typename Op>
void combine_with(const char* src_bytes, int64_t src_stride, char* dst_bytes, int64_t dst_stride,
                  size_t n) {
  const T* src = reinterpret_cast<const T*>(src_bytes);
  T* dst = reinterpret_cast<T*>(dst_bytes);
  const auto combined = [](T there, T update) {
    if constexpr (is_half<T>)
      return T(Op()(float(there), float(update)));
    else
      return Op()(there, update);
  };
  if (src_stride == 1 && dst_stride == 1) {
    for (size_t i = 0; i < n; ++i) dst[i] = combined(dst[i], src[i]);
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    T& there = dst[int64_t(i) * dst_stride];
    there = combined(there, src[int64_t(i) * src_stride]);
  }
}

template <typename Bits>
void replace_with(const char* src_bytes, int64_t src_stride, char* dst_bytes, int64_t dst_stride,
                  size_t n) {
  if (src_stride == 1 && dst_stride == 1) {
    std::memcpy(dst_bytes, src_bytes, n * sizeof(Bits));
    return;
  }
  const Bits* src = reinterpret_cast<const Bits*>(src_bytes);
  Bits* dst = reinterpret_cast<Bits*>(dst_bytes);
  for (size_t i = 0; i < n; ++i) dst[int64_t(i) * dst_stride] = src[int64_t(i) * src_stride];
}

template <typename T, typename Op>
void combine_halves(const char* const* rows, size_t count, int64_t src_stride, char* dst_bytes,
                    int64_t dst_stride, size_t n) {
  constexpr size_t chunk = 512;
  float sums[chunk];
  T* dst = reinterpret_cast<T*>(dst_bytes);
  for (size_t begin = 0; begin < n; begin += chunk) {
    const size_t length = std::min(chunk, n - begin);
    T* to = dst + int64_t(begin) * dst_stride;
    for (size_t i = 0; i < length; ++i) sums[i] = float(to[int64_t(i) * dst_stride]);
    for (size_t k = 0; k < count; ++k) {
      const T* from = reinterpret_cast<const T*>(rows[k]) + int64_t(begin) * src_stride;
      for (size_t i = 0; i < length; ++i) {
        sums[i] = Op()(sums[i], float(from[int64_t(i) * src_stride]));
      }
    }
    for (size_t i = 0; i < length; ++i) to[int64_t(i) * dst_stride] = T(sums[i]);
  }
}

template <typename Op>
CombineRow row_of(Dtype dtype) {
  return dispatch(
      dtype, []<typename T>(std::type_identity<T>) -> CombineRow { return combine_with<T, Op>; });
}

}  // namespace

CombineRow combine_row(Combine combine, Dtype dtype) {
  switch (combine) {
    case Combine::replace:
      switch (dtype.size()) {
        case 1:
          return replace_with<uint8_t>;
        case 2:
          return replace_with<uint16_t>;
        case 4:
          return replace_with<uint32_t>;
        default:
          return replace_with<uint64_t>;
      }
    case Combine::add:
      return row_of<Add>(dtype);
    case Combine::multiply:
      return row_of<Multiply>(dtype);
    case Combine::maximum:
      return row_of<Maximum>(dtype);
    case Combine::minimum:
      return row_of<Minimum>(dtype);
  }
  throw std::invalid_argument(
      fmt::format("[scatter] there is no way {} of combining", int(combine)));
}

CombineRows combine_rows(Combine combine, Dtype dtype) {
  const bool adds = combine == Combine::add;
  if (!adds && combine != Combine::multiply) return nullptr;
  if (dtype == float16) {
    return adds ? combine_halves<float16_t, Add> : combine_halves<float16_t, Multiply>;
  }
  if (dtype == bfloat16) {
    return adds ? combine_halves<bfloat16_t, Add> : combine_halves<bfloat16_t, Multiply>;
  }
  return nullptr;
}

}  // namespace quern::cpu
