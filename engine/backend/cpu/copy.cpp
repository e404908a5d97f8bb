#include "engine/backend/cpu/copy.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
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

/// Copies n elements of one dtype to another (or the same); strides count elements.
using RowCopy = void (*)(const char* src, int64_t src_stride, char* dst, int64_t dst_stride,
                         size_t n);

/// Element i: files need not align what they hold.
template <typename T>
T load(const char* data, int64_t i) {
  T value;
  std::memcpy(&value, data + i * int64_t(sizeof(T)), sizeof(T));
  return value;
}

template <typename From, typename To>
void copy_row(const char* src, int64_t src_stride, char* dst_bytes, int64_t dst_stride, size_t n) {
  To* dst = reinterpret_cast<To*>(dst_bytes);
  if (src_stride == 1 && dst_stride == 1) {
    if constexpr (std::is_same_v<From, To>) {
      std::memcpy(dst_bytes, src, n * sizeof(To));
    } else if constexpr (is_half<From> && std::is_same_v<To, float>) {
      widen(reinterpret_cast<const From*>(src), dst, n);
    } else if constexpr (is_half<To> && std::is_same_v<From, float>) {
      narrow(reinterpret_cast<const From*>(src), dst, n);
    } else {
      for (size_t i = 0; i < n; ++i) dst[i] = convert_element<To>(load<From>(src, int64_t(i)));
    }
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    dst[int64_t(i) * dst_stride] = convert_element<To>(load<From>(src, int64_t(i) * src_stride));
  }
}

/// Equal dtypes are copied as bits of their width.
RowCopy row_copy(Dtype from, Dtype to) {
  if (from == to) {
    switch (from.size()) {
      case 1:
        return copy_row<uint8_t, uint8_t>;
      case 2:
        return copy_row<uint16_t, uint16_t>;
      case 4:
        return copy_row<uint32_t, uint32_t>;
      default:
        return copy_row<uint64_t, uint64_t>;
    }
  }
  return dispatch(from, [&]<typename From>(std::type_identity<From>) {
    return dispatch(
        to, [&]<typename To>(std::type_identity<To>) -> RowCopy { return copy_row<From, To>; });
  });
}

/// The two sides of a copy: where they start, and how wide their elements are.
struct Sides {
  const char* src;
  char* dst;
  int64_t src_width;
  int64_t dst_width;
  RowCopy copy;

  void operator()(int64_t src_offset, int64_t src_stride, int64_t dst_offset, int64_t dst_stride,
                  size_t n) const {
    copy(src + src_offset * src_width, src_stride, dst + dst_offset * dst_width, dst_stride, n);
  }
};

/// Whether the rows of the source lie closer together than the elements of a row, as after a
/// transposition.
bool is_transposed(const StridedLoop<2>& loop) {
  if (loop.shape.size() < 2) return false;
  const Strides& src = loop.strides[0];
  const int64_t row_step = std::abs(src[src.size() - 2]), step = std::abs(src.back());
  return row_step != 0 && row_step < step;
}

/// Copies by square tiles, so that the lines of memory that are read stay in the cache until all
/// their elements have been.
void copy_tiles(const Sides& sides, const StridedLoop<2>& loop) {
  constexpr size_t tile = 32;
  const size_t columns = loop.row_length();
  const int64_t src_column = loop.row_stride(0), dst_column = loop.row_stride(1);
  StridedLoop<2> planes = loop;  // whose rows are the columns' starts
  planes.shape.pop_back();
  for (Strides& strides : planes.strides) strides.pop_back();
  const size_t rows = planes.row_length(), bands = (rows + tile - 1) / tile;
  const int64_t src_row = planes.row_stride(0), dst_row = planes.row_stride(1);

  const size_t grain = std::max<size_t>(1, parallel_elements / (tile * columns));
  parallel_for(planes.rows() * bands, grain, [&](size_t first, size_t last) {
    for (size_t band = first; band < last; ++band) {
      const size_t top = band % bands * tile, bottom = std::min(rows, top + tile);
      for_each_row(planes, band / bands, band / bands + 1, [&](const auto& offset) {
        for (size_t left = 0; left < columns; left += tile) {
          const size_t n = std::min(columns - left, tile);
          for (size_t row = top; row < bottom; ++row) {
            sides(offset[0] + int64_t(row) * src_row + int64_t(left) * src_column, src_column,
                  offset[1] + int64_t(row) * dst_row + int64_t(left) * dst_column, dst_column, n);
          }
        }
      });
    }
  });
}

void copy_elements(const Sides& sides, const StridedLoop<2>& loop) {
  if (is_transposed(loop)) return copy_tiles(sides, loop);
  const size_t n = loop.row_length(), rows = loop.rows();
  const int64_t src_stride = loop.row_stride(0), dst_stride = loop.row_stride(1);
  if (rows == 1) {
    parallel_for(n, parallel_elements, [&](size_t begin, size_t end) {
      sides(int64_t(begin) * src_stride, src_stride, int64_t(begin) * dst_stride, dst_stride,
            end - begin);
    });
    return;
  }
  parallel_for(rows, std::max<size_t>(1, parallel_elements / n), [&](size_t first, size_t last) {
    for_each_row(loop, first, last, [&](const auto& offset) {
      sides(offset[0], src_stride, offset[1], dst_stride, n);
    });
  });
}

}  // namespace

void copy_into(const array& src, array& dst, const Strides& dst_strides, size_t byte_offset) {
  if (src.size() == 0) return;
  const auto loop = merge_axes<2>(src.shape(), {&src.strides(), &dst_strides});
  copy_elements(
      {src.data<char>(), static_cast<char*>(dst.buffer()->data()) + byte_offset,
       int64_t(src.itemsize()), int64_t(dst.itemsize()), row_copy(src.dtype(), dst.dtype())},
      loop);
}

void copy_into(const array& src, array& dst) {
  copy_into(src, dst, dst.strides(), dst.byte_offset());
}

void convert_elements(Dtype from, const void* in, Dtype to, void* out, size_t n) {
  row_copy(from, to)(static_cast<const char*>(in), 1, static_cast<char*>(out), 1, n);
}

array row_contiguous(const array& a) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(a.data<char>()) % a.itemsize() == 0;
  if (aligned && a.flags().row_contiguous) return a;
  array out(Buffer::allocate(a.nbytes()), a.shape(), a.dtype());
  copy_into(a, out);
  return out;
}

}  // namespace quern::cpu
