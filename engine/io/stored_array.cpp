#include "engine/io/stored_array.h"

#include <algorithm>

#include "engine/ops/shape.h"

namespace quern {

namespace {

/// A bool that is neither 0 nor 1 must never be read as one.
array with_truth_values(const array& stored) {
  const auto* bytes = stored.data<uint8_t>();
  const size_t n = stored.size();
  if (std::all_of(bytes, bytes + n, [](uint8_t byte) { return byte <= 1; })) return stored;
  array out(Buffer::allocate(n), stored.shape(), bool_);
  std::transform(bytes, bytes + n, out.data<bool>(), [](uint8_t byte) { return byte != 0; });
  return out;
}

}  // namespace

array stored_array(const std::shared_ptr<Buffer>& buffer, Shape shape, Dtype dtype,
                   size_t byte_offset) {
  const array stored(buffer, std::move(shape), dtype, byte_offset);
  if (dtype == bool_) return with_truth_values(stored);
  return byte_offset % dtype.size() == 0 ? stored : contiguous(stored);
}

std::optional<StoredShape> stored_shape(const std::vector<uint64_t>& lengths, Dtype dtype) {
  StoredShape out{{}, dtype.size()};
  int64_t bytes = dtype.size();
  bool empty = false;
  for (const uint64_t length : lengths) {
    if (length > INT32_MAX) return std::nullopt;
    if (length == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(bytes, int64_t(length), &bytes)) {
      return std::nullopt;
    }
    out.shape.push_back(ShapeElem(length));
  }
  out.nbytes = empty ? 0 : uint64_t(bytes);
  return out;
}

}  // namespace quern
