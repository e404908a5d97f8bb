#include "engine/backend/cpu/positions.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/array/dispatch.h"
#include "engine/backend/cpu/copy.h"
#include "engine/backend/cpu/thread_pool.h"

namespace quern::cpu {

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

}  // namespace

void add_positions(int64_t* offsets, const array& indices, size_t begin, size_t end, int64_t length,
                   int64_t size, int64_t stride, const char* where) {
  dispatch(indices.dtype(), [&]<typename T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>) {
      const T* all = indices.data<T>();
      for (size_t i = begin; i < end; ++i) {
        const auto index = convert_element<int64_t>(all[i]);
        const int64_t place = index < 0 ? index + length : index;
        if (place < 0 || place > length - size) fail(index, length, size, where);
        offsets[i - begin] += place * stride;
      }
    }
  });
}

void add_positions(std::vector<int64_t>& offsets, const array& indices, int64_t length,
                   int64_t size, int64_t stride, const char* where) {
  const array dense = row_contiguous(indices);
  parallel_for(offsets.size(), size_t(1) << 16, [&](size_t begin, size_t end) {
    add_positions(offsets.data() + begin, dense, begin, end, length, size, stride, where);
  });
}

}  // namespace quern::cpu
