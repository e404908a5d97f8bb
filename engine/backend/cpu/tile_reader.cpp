#include "engine/backend/cpu/tile_reader.h"

#include <algorithm>
#include <cstring>

#include "engine/backend/cpu/half_block.h"
#include "engine/backend/cpu/stream_copy.h"
#include "engine/backend/cpu/strided_row.h"

namespace quern::cpu {

namespace {

void widen_tile(Dtype from, const void* in, float* out, size_t n) {
  if (from == float16)
    widen(static_cast<const float16_t*>(in), out, n);
  else
    widen(static_cast<const bfloat16_t*>(in), out, n);
}

}  // namespace

TileReader::TileReader(const array& a, const Shape& shape, const Strides& strides, Dtype compute)
    : data_(a.data<char>()),
      itemsize_(a.itemsize()),
      loop_(merge_axes<1>(shape, {&strides})),
      dtype_(a.dtype()),
      widens_(a.dtype() != compute) {
  constant_ = loop_.shape.size() == 1 && loop_.row_stride(0) == 0;
  dense_ = loop_.shape.size() == 1 && (loop_.row_stride(0) == 1 || loop_.row_length() == 1);
}

TileReader::TileReader(const array& a, Dtype compute, bool memory_order)
    : TileReader(a, a.shape(), a.strides(), compute) {
  if (memory_order && a.flags().contiguous) dense_ = true;
}

const void* TileReader::read(size_t begin, size_t n, void* scratch) const {
  if (dense_) {
    const char* in = data_ + begin * itemsize_;
    if (!widens_) return in;
    widen_tile(dtype_, in, static_cast<float*>(scratch), n);
    return scratch;
  }
  if (!widens_) {
    gather(begin, n, scratch);
    return scratch;
  }
  alignas(64) uint16_t narrow_tile[tile_elements];
  gather(begin, n, narrow_tile);
  widen_tile(dtype_, narrow_tile, static_cast<float*>(scratch), n);
  return scratch;
}

void TileReader::gather(size_t begin, size_t n, void* out) const {
  const size_t length = loop_.row_length();
  const int64_t stride = loop_.row_stride(0);
  const size_t first_row = begin / length, last_row = (begin + n - 1) / length + 1;
  size_t skip = begin % length;
  char* to = static_cast<char*>(out);
  for_each_row(loop_, first_row, last_row, [&](const auto& offset) {
    const size_t count = std::min(n, length - skip);
    const int64_t first = offset[0] + int64_t(skip) * stride;
    gather_row(data_ + first * int64_t(itemsize_), stride, to, count, itemsize_);
    to += count * itemsize_;
    n -= count;
    skip = 0;
  });
}

TileWriter::TileWriter(array& out, Dtype compute, bool may_stream)
    : data_(out.data<char>()),
      itemsize_(out.itemsize()),
      dtype_(out.dtype()),
      narrows_(out.dtype() != compute),
      streams_(may_stream && is_streamed(out.nbytes())) {}

void* TileWriter::place(size_t begin, void* scratch) const {
  return narrows_ || streams_ ? scratch : data_ + begin * itemsize_;
}

void TileWriter::finish(size_t begin, size_t n, const void* scratch) const {
  char* out = data_ + begin * itemsize_;
  if (!narrows_) {
    if (streams_) stream_copy(scratch, out, n * itemsize_);
    return;
  }
  alignas(64) uint16_t narrowed[tile_elements];
  void* to = streams_ ? static_cast<void*>(narrowed) : out;
  const float* in = static_cast<const float*>(scratch);
  if (dtype_ == float16)
    narrow(in, static_cast<float16_t*>(to), n);
  else
    narrow(in, static_cast<bfloat16_t*>(to), n);
  if (streams_) stream_copy(narrowed, out, n * itemsize_);
}

void TileWriter::end() const {
  if (streams_) finish_streaming();
}

}  // namespace quern::cpu
