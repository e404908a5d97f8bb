#include "engine/backend/cpu/copy.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "engine/backend/cpu/ask_for.h"
#include "engine/backend/cpu/cpu.h"
#include "engine/backend/cpu/element_bits.h"
#include "engine/backend/cpu/half_block.h"
#include "engine/backend/cpu/stream_copy.h"
#include "engine/backend/cpu/strided.h"
#include "engine/backend/cpu/strided_row.h"
#include "engine/backend/cpu/thread_pool.h"
#include "engine/backend/cpu/tile_reader.h"
#include "engine/backend/cpu/transpose_block.h"
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
  if constexpr (std::is_same_v<From, To>) {
    if (dst_stride == 1) return gather_row(src, src_stride, dst_bytes, n, sizeof(To));
  }
  To* dst = reinterpret_cast<To*>(dst_bytes);
  if (src_stride == 1 && dst_stride == 1) {
    if constexpr (is_half<From> && std::is_same_v<To, float>) {
      widen(reinterpret_cast<const From*>(src), dst, n);
    } else if constexpr (is_half<To> && std::is_same_v<From, float>) {
      narrow(reinterpret_cast<const From*>(src), dst, n);
    } else {
      for (size_t i = 0; i < n; ++i) dst[i] = convert_element<To>(load<From>(src, int64_t(i)));
    }
    return;
  }
  if (src_stride == 0 && dst_stride == 1) {
    std::fill_n(dst, n, convert_element<To>(load<From>(src, 0)));
    return;
  }
  for (size_t i = 0; i < n; ++i) {
    dst[int64_t(i) * dst_stride] = convert_element<To>(load<From>(src, int64_t(i) * src_stride));
  }
}

/// Equal dtypes are copied as bits of their width.
RowCopy row_copy(Dtype from, Dtype to) {
  if (from == to) {
    return with_bits(from.size(), []<typename Bits>(std::type_identity<Bits>) -> RowCopy {
      return copy_row<Bits, Bits>;
    });
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
  bool is_conversion;
  bool streams;  // where rows of the destination are whole cache lines

  void operator()(int64_t src_offset, int64_t src_stride, int64_t dst_offset, int64_t dst_stride,
                  size_t n) const {
    const char* from = src + src_offset * src_width;
    char* to = dst + dst_offset * dst_width;
    if (streams && dst_stride == 1)
      stream(from, src_stride, to, n);
    else
      copy(from, src_stride, to, dst_stride, n);
  }

  void stream(const char* from, int64_t src_stride, char* to, size_t n) const {
    if (!is_conversion && src_stride == 1) return stream_copy(from, to, n * size_t(dst_width));
    TileMemory tile;
    for (size_t i = 0; i < n; i += tile_elements) {
      const size_t count = std::min(tile_elements, n - i);
      const int64_t step = src_stride * src_width;
      if (step > 0 && step <= 64) ask_for(from + int64_t(i + count) * step, count * size_t(step));
      copy(from + int64_t(i) * step, src_stride, tile.bytes, 1, count);
      stream_copy(tile.bytes, to + int64_t(i) * dst_width, count * size_t(dst_width));
    }
  }

  /// To be called by each thread that copied.
  void end() const {
    if (streams) finish_streaming();
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

/// Planes whose source has dense columns where the destination has dense rows. Cache lines of the
/// source are read whole, into a piece of the destination that is then written whole, by rows: far
/// apart as both sides' lines are, the cache would not keep them to be filled bit by bit.
template <typename Bits>
void transpose_planes(const Sides& sides, const StridedLoop<2>& loop) {
  constexpr size_t tile_rows = 128 / sizeof(Bits), tile_columns = 512 / sizeof(Bits);
  const size_t columns = loop.row_length(), rows = size_t(loop.shape[loop.shape.size() - 2]);
  const int64_t src_column = loop.row_stride(0);
  const int64_t dst_row = loop.strides[1][loop.shape.size() - 2];
  StridedLoop<2> planes = loop;  // whose rows are the columns' starts
  planes.shape.pop_back();
  for (Strides& strides : planes.strides) strides.pop_back();
  // Down a stack of tiles, then the next columns: so few pages at a time that their translations
  // stay at hand.
  constexpr size_t most_rows = 512;
  const size_t share = rows / (4 * size_t(ThreadPool::instance().size())) / tile_rows * tile_rows;
  const size_t band_rows = std::clamp(share, tile_rows, most_rows);
  const size_t bands = (rows + band_rows - 1) / band_rows;
  const size_t grain = std::max<size_t>(1, parallel_elements / (band_rows * columns));
  parallel_for(planes.rows() * bands, grain, [&](size_t first, size_t last) {
    alignas(64) Bits tile[tile_rows * tile_columns];
    for (size_t band = first; band < last; ++band) {
      const size_t begin = band % bands * band_rows, end = std::min(rows, begin + band_rows);
      for_each_row(planes, band / bands, band / bands + 1, [&](const auto& offset) {
        for (size_t left = 0; left < columns; left += tile_columns) {
          const size_t width = std::min(columns - left, tile_columns);
          for (size_t top = begin; top < end; top += tile_rows) {
            const size_t height = std::min(end - top, tile_rows);
            transpose_tile(reinterpret_cast<const Bits*>(sides.src) + offset[0] + int64_t(top) +
                               int64_t(left) * src_column,
                           src_column, tile, int64_t(tile_columns), height, width, true);
            for (size_t row = 0; row < height; ++row) {
              Bits* target = reinterpret_cast<Bits*>(sides.dst) + offset[1] +
                             int64_t(top + row) * dst_row + int64_t(left);
              if (sides.streams)
                stream_copy(tile + row * tile_columns, target, width * sizeof(Bits));
              else
                std::memcpy(target, tile + row * tile_columns, width * sizeof(Bits));
            }
          }
        }
      });
    }
    sides.end();
  });
}

void transpose_planes(const Sides& sides, const StridedLoop<2>& loop) {
  with_bits(size_t(sides.dst_width),
            [&]<typename Bits>(std::type_identity<Bits>) { transpose_planes<Bits>(sides, loop); });
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

/// Whether transpose_planes() can copy it. Files need not align what they hold.
bool is_dense_transpose(const Sides& sides, const StridedLoop<2>& loop) {
  const bool is_aligned =
      reinterpret_cast<std::uintptr_t>(sides.src) % size_t(sides.src_width) == 0;
  return !sides.is_conversion && is_aligned && loop.strides[0][loop.shape.size() - 2] == 1 &&
         loop.row_stride(1) == 1;
}

/// Makes the axis along which the source is dense the last one but one, whatever the order of those
/// before the last.
void bring_dense_axis_in(StridedLoop<2>& loop) {
  const size_t place = loop.shape.size() - 2;
  for (size_t axis = 0; axis < place; ++axis) {
    if (loop.strides[0][axis] != 1) continue;
    const auto bring = [&](auto& values) {
      std::rotate(values.begin() + axis, values.begin() + axis + 1, values.begin() + place + 1);
    };
    bring(loop.shape);
    for (Strides& strides : loop.strides) bring(strides);
    return;
  }
}

/// Goes through the rows in the order in which the source has them: what is written past the caches
/// may be in any.
void follow_source(StridedLoop<2>& loop) {
  for (size_t axis = 1; axis + 1 < loop.shape.size(); ++axis) {
    const auto step = [&](size_t i) { return std::abs(loop.strides[0][i]); };
    for (size_t i = axis; i > 0 && step(i - 1) < step(i); --i) {
      std::swap(loop.shape[i - 1], loop.shape[i]);
      for (Strides& strides : loop.strides) std::swap(strides[i - 1], strides[i]);
    }
  }
}

void copy_elements(Sides sides, StridedLoop<2> loop) {
  if (is_transposed(loop)) {
    bring_dense_axis_in(loop);
    if (is_dense_transpose(sides, loop)) return transpose_planes(sides, loop);
    sides.streams = false;
    return copy_tiles(sides, loop);
  }
  if (sides.streams) follow_source(loop);
  const size_t n = loop.row_length(), rows = loop.rows();
  const int64_t src_stride = loop.row_stride(0), dst_stride = loop.row_stride(1);
  if (rows == 1) {
    parallel_for(n, parallel_elements, [&](size_t begin, size_t end) {
      sides(int64_t(begin) * src_stride, src_stride, int64_t(begin) * dst_stride, dst_stride,
            end - begin);
      sides.end();
    });
    return;
  }
  parallel_for(rows, std::max<size_t>(1, parallel_elements / n), [&](size_t first, size_t last) {
    for_each_row(loop, first, last, [&](const auto& offset) {
      sides(offset[0], src_stride, offset[1], dst_stride, n);
    });
    sides.end();
  });
}

/// Whether the rows of a large destination consist of whole cache lines, of enough to be worth it.
bool may_stream(const array& src, const array& dst, const StridedLoop<2>& loop,
                size_t byte_offset) {
  if (!is_streamed(src.size() * dst.itemsize()) || loop.row_stride(1) != 1) return false;
  const auto in_lines = [&](int64_t elements) {
    return elements * int64_t(dst.itemsize()) % 64 == 0;
  };
  bool whole = byte_offset % 64 == 0;
  for (size_t axis = 0; axis + 1 < loop.shape.size(); ++axis)
    whole &= in_lines(loop.strides[1][axis]);
  constexpr int64_t long_row = 256;  // bytes
  return whole && (loop.shape.size() == 1 ||
                   (in_lines(loop.shape.back()) &&
                    int64_t(loop.shape.back()) * int64_t(dst.itemsize()) >= long_row));
}

}  // namespace

void copy_into(const array& src, array& dst, const Strides& dst_strides, size_t byte_offset) {
  if (src.size() == 0) return;
  const auto loop = merge_axes<2>(src.shape(), {&src.strides(), &dst_strides});
  copy_elements(
      {src.data<char>(), static_cast<char*>(dst.buffer()->data()) + byte_offset,
       int64_t(src.itemsize()), int64_t(dst.itemsize()), row_copy(src.dtype(), dst.dtype()),
       src.dtype() != dst.dtype(), may_stream(src, dst, loop, byte_offset)},
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
