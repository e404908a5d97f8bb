#include "engine/backend/cpu/copy.h"

#include <cstdint>
#include <cstring>

#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/half_block.h"
#include "engine/backend/cpu/strided.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/primitives/cast.h"

namespace quern::cpu {

namespace {

constexpr size_t parallel_elements = size_t(1) << 16;

template <typename T>
constexpr bool is_half = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;

template <typename From, typename To>
void convert_row(const From* src, int64_t src_stride, To* dst, int64_t dst_stride, size_t n) {
  if constexpr (std::is_same_v<From, To>) {
    if (src_stride == 1 && dst_stride == 1) {
      std::memcpy(dst, src, n * sizeof(To));
      return;
    }
  }
  if (src_stride == 1 && dst_stride == 1) {
    if constexpr (is_half<From> && std::is_same_v<To, float>) return widen(src, dst, n);
    if constexpr (is_half<To> && std::is_same_v<From, float>) return narrow(src, dst, n);
    for (size_t i = 0; i < n; ++i) dst[i] = convert_element<To>(src[i]);
    return;
  }
  if (src_stride == 0) {
    const To value = convert_element<To>(*src);
    for (size_t i = 0; i < n; ++i) dst[int64_t(i) * dst_stride] = value;
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    dst[int64_t(i) * dst_stride] = convert_element<To>(src[int64_t(i) * src_stride]);
  }
}

template <typename From, typename To>
void copy_elements(const From* src, To* dst, const StridedLoop<2>& loop) {
  const size_t n = loop.row_length(), rows = loop.rows();
  const int64_t src_stride = loop.row_stride(0), dst_stride = loop.row_stride(1);
  if (rows == 1) {
    parallel_for(n, parallel_elements, [&](size_t begin, size_t end) {
      convert_row(src + int64_t(begin) * src_stride, src_stride, dst + int64_t(begin) * dst_stride,
                  dst_stride, end - begin);
    });
    return;
  }
  parallel_for(rows, std::max<size_t>(1, parallel_elements / n), [&](size_t first, size_t last) {
    for_each_row(loop, first, last, [&](const auto& offset) {
      convert_row(src + offset[0], src_stride, dst + offset[1], dst_stride, n);
    });
  });
}

/// The unsigned type of a width: equal dtypes are copied as bits.
template <typename F>
void dispatch_width(size_t bytes, F&& f) {
  switch (bytes) {
    case 1:
      return f(std::type_identity<uint8_t>{});
    case 2:
      return f(std::type_identity<uint16_t>{});
    case 4:
      return f(std::type_identity<uint32_t>{});
    default:
      return f(std::type_identity<uint64_t>{});
  }
}

}  // namespace

void copy_into(const array& src, array& dst, const Strides& dst_strides, size_t byte_offset) {
  if (src.size() == 0) return;
  const auto loop = merge_axes<2>(src.shape(), {&src.strides(), &dst_strides});
  char* to = static_cast<char*>(dst.buffer()->data()) + byte_offset;
  if (src.dtype() == dst.dtype()) {
    dispatch_width(src.itemsize(), [&]<typename T>(std::type_identity<T>) {
      copy_elements(src.data<T>(), reinterpret_cast<T*>(to), loop);
    });
    return;
  }
  dispatch(src.dtype(), [&]<typename From>(std::type_identity<From>) {
    dispatch(dst.dtype(), [&]<typename To>(std::type_identity<To>) {
      copy_elements(src.data<From>(), reinterpret_cast<To*>(to), loop);
    });
  });
}

void copy_into(const array& src, array& dst) {
  copy_into(src, dst, dst.strides(), dst.byte_offset());
}

array row_contiguous(const array& a) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(a.data<char>()) % a.itemsize() == 0;
  if (aligned && a.flags().row_contiguous) return a;
  array out(Buffer::allocate(a.nbytes()), a.shape(), a.dtype());
  copy_into(a, out);
  return out;
}

}  // namespace quern::cpu
