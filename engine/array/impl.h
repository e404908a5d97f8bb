#pragma once

#include "engine/array/array.h"
#include "engine/graph/completion.h"

namespace quern {

/// element_count, with `where` in its errors.
size_t element_count(const Shape& shape, const char* where);

/// The same, and throws std::overflow_error when so many elements take more than 2^63 - 1 bytes.
size_t element_count(const Shape& shape, Dtype dtype, const char* where);

/// What copies of an array share. Shape and dtype never change. `node` is set until the array is
/// given to a stream; then `completion` and `step` tell when the worker has filled in buffer and
/// layout.
struct array::Impl {
  enum class Status : uint8_t { unscheduled, scheduled, available };

  /// `where` is what makes the array, for errors.
  Impl(Shape shape, Dtype dtype, const char* where = "array")
      : shape(std::move(shape)), size(element_count(this->shape, dtype, where)), dtype(dtype) {}

  void set_layout(std::shared_ptr<Buffer> memory, Strides new_strides, size_t offset);

  Shape shape;
  size_t size;
  Dtype dtype;
  std::atomic<Status> status{Status::unscheduled};

  std::shared_ptr<Node> node;  // guarded by the scheduler
  std::atomic<int> trace_level{0};
  uint32_t step = 0;
  std::shared_ptr<Completion> completion;

  Strides strides;
  Flags flags;
  size_t byte_offset = 0;
  std::shared_ptr<Buffer> buffer;
};

/// The flags of a layout: what follows from shape and strides.
array::Flags flags_of(const Shape& shape, const Strides& strides);

}  // namespace quern
