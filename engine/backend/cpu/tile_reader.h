#pragma once

#include <cstddef>

#include "engine/array/array.h"
#include "engine/backend/cpu/strided.h"

namespace quern::cpu {

/// How many elements kernels work on at a time: few enough that all operands stay in the
/// first-level cache, enough to hide what a piece costs besides.
inline constexpr size_t tile_elements = 1024;

/// Memory for one tile of any dtype.
struct alignas(64) TileMemory {
  char bytes[tile_elements * 8];
};

/// The dtype that kernels compute a dtype in: float32 for the half dtypes.
inline Dtype compute_dtype(Dtype dtype) {
  return dtype == float16 || dtype == bfloat16 ? float32 : dtype;
}

/// Reads an evaluated array as one sequence, a tile at a time, in its compute dtype, whatever its
/// layout. One reader may be used by several threads.
class TileReader {
 public:
  /// In row-major order of a view of the array: axes permuted or repeated by its strides.
  TileReader(const array& a, const Shape& shape, const Strides& strides, Dtype compute);
  /// In row-major order, or in the order of the memory if that is dense.
  TileReader(const array& a, Dtype compute, bool memory_order = false);

  /// Whether all elements are one and the same, so that a tile read once serves for all.
  bool is_constant() const { return constant_; }

  /// The elements from `begin` on, all of them, if nothing has to be gathered or converted; else
  /// nullptr.
  const void* in_place(size_t begin) const {
    return dense_ && !widens_ ? data_ + begin * itemsize_ : nullptr;
  }

  /// Elements [begin, begin + n), n at most tile_elements: in place if nothing has to be gathered
  /// or converted, else copied to `scratch`.
  const void* read(size_t begin, size_t n, void* scratch) const;
  const void* read(size_t begin, size_t n, TileMemory& scratch) const {
    return read(begin, n, scratch.bytes);
  }

 private:
  void gather(size_t begin, size_t n, void* out) const;

  const char* data_;
  size_t itemsize_;
  StridedLoop<1> loop_;
  Dtype dtype_;
  bool dense_;
  bool constant_;
  bool widens_;
};

/// Where a kernel writes a tile of its output's compute dtype, and how it gets into the output.
class TileWriter {
 public:
  /// may_stream: nobody reads the output's memory while it is written, as an input's that it took
  /// over, and what is written is not read again. Then end() must be called.
  TileWriter(array& out, Dtype compute, bool may_stream = false);

  /// Memory for elements from `begin` on: the output's own, or `scratch` when they must be
  /// narrowed or go past the caches.
  void* place(size_t begin, void* scratch) const;
  void* place(size_t begin, TileMemory& scratch) const { return place(begin, scratch.bytes); }
  /// To be called when place(begin, scratch) holds n elements.
  void finish(size_t begin, size_t n, const void* scratch) const;
  void finish(size_t begin, size_t n, const TileMemory& scratch) const {
    finish(begin, n, scratch.bytes);
  }

  /// Before the thread that wrote tiles hands them on.
  void end() const;

 private:
  char* data_;
  size_t itemsize_;
  Dtype dtype_;
  bool narrows_;
  bool streams_;
};

}  // namespace quern::cpu
