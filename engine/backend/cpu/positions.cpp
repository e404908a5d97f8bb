#include "engine/backend/cpu/positions.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/array/dispatch.h"
#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/thread_pool.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/backend/cpu/positions.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quern::cpu {
namespace HWY_NAMESPACE {

/// Whether all places are at most `last`; where not, what is added to the offsets means nothing.
/// Without a branch per index, so that the compiler makes vectors of it.
template <typename T>
bool add_places(const T* indices, size_t n, int64_t length, int64_t last, int64_t stride,
                int64_t* offsets) {
  uint64_t outside = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto index = int64_t(indices[i]);
    const int64_t place = index + (index < 0 ? length : 0);
    outside |= uint64_t(place) | (uint64_t(last) - uint64_t(place));  // the sign of either
    offsets[i] = int64_t(uint64_t(offsets[i]) + uint64_t(place) * uint64_t(stride));
  }
  return int64_t(outside) >= 0;
}

bool add_places_of(Dtype dtype, const void* indices, size_t n, int64_t length, int64_t last,
                   int64_t stride, int64_t* offsets) {
  bool inside = true;
  dispatch(dtype, [&]<typename T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>)
      inside = add_places(static_cast<const T*>(indices), n, length, last, stride, offsets);
  });
  return inside;
}

}  // namespace HWY_NAMESPACE
}  // namespace quern::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quern::cpu {

HWY_EXPORT(add_places_of);

namespace {

[[noreturn]] void fail(int64_t index, int64_t length, int64_t size, const char* where) {
  if (size > 1 && index >= -length && index < length) {
    throw std::out_of_range(
        fmt::format("[{}] a slice of {} from index {} passes the end of an axis of length {}",
                    where, size, index, length));
  }
  throw std::out_of_range(
      fmt::format("[{}] index {} is outside an axis of length {}", where, index, length));
}

/// For the first index that points too far.
[[noreturn]] void fail_on_first(const array& indices, size_t begin, size_t end, int64_t length,
                                int64_t size, const char* where) {
  int64_t index = 0;
  dispatch(indices.dtype(), [&]<typename T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>) {
      const T* all = indices.data<T>();
      for (size_t i = begin; i < end; ++i) {
        index = convert_element<int64_t>(all[i]);
        const int64_t place = index < 0 ? index + length : index;
        if (place < 0 || place > length - size) return;
      }
    }
  });
  fail(index, length, size, where);
}

}  // namespace

void add_positions(int64_t* offsets, const array& indices, size_t begin, size_t end, int64_t length,
                   int64_t size, int64_t stride, const char* where) {
  const char* first = indices.data<char>() + begin * indices.itemsize();
  if (!HWY_DYNAMIC_DISPATCH(add_places_of)(indices.dtype(), first, end - begin, length,
                                           length - size, stride, offsets))
    fail_on_first(indices, begin, end, length, size, where);
}

void add_positions(std::vector<int64_t>& offsets, const array& indices, int64_t length,
                   int64_t size, int64_t stride, const char* where) {
  const array dense = row_contiguous(indices);
  parallel_for(offsets.size(), size_t(1) << 16, [&](size_t begin, size_t end) {
    add_positions(offsets.data() + begin, dense, begin, end, length, size, stride, where);
  });
}

}  // namespace quern::cpu
#endif
