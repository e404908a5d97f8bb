#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <ostream>
#include <type_traits>
#include <vector>

#include "engine/array/dispatch.h"
#include "engine/array/dtype.h"
#include "engine/array/half.h"
#include "engine/array/shape.h"
#include "engine/array/stream.h"
#include "engine/memory/buffer.h"
#include "engine/memory/pool.h"

namespace quern {

class Completion;
class Primitive;
struct Node;

/// An n-dimensional array: a value, cheap to copy, that shares what it refers to. Operations return
/// at once with an array that knows how it will be computed; `eval` (or reading its elements)
/// computes it. The same array may be read, evaluated and copied from several threads at a time.
class array {
 public:
  /// A scalar, an array with the elements of a list (shape [n]) or of a range (shape given).
  template <typename T>
  requires std::is_arithmetic_v<T> || std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>
  explicit array(T value, Dtype dtype = default_dtype_of<T>());
  explicit array(const complex64_t& value, Dtype dtype = complex64);
  array(std::initializer_list<float> values);
  array(std::initializer_list<int> values, Dtype dtype);
  template <typename T>
  array(std::initializer_list<T> values, Dtype dtype = default_dtype_of<T>());
  template <typename T>
  array(std::initializer_list<T> values, Shape shape, Dtype dtype = default_dtype_of<T>());
  template <typename It>
  array(It first, Shape shape,
        Dtype dtype = default_dtype_of<typename std::iterator_traits<It>::value_type>());

  /// Row-major elements in somebody else's memory, which is only read; `release` runs when the last
  /// array over it is gone.
  array(void* data, Shape shape, Dtype dtype, const std::function<void(void*)>& release);

  /// Row-major elements that start `byte_offset` into a buffer. Throws std::invalid_argument when
  /// they do not lie inside it.
  array(std::shared_ptr<Buffer> buffer, Shape shape, Dtype dtype, size_t byte_offset = 0);

  /// Output of a primitive, not computed yet.
  array(Shape shape, Dtype dtype, std::shared_ptr<const Primitive> primitive,
        std::vector<array> inputs);
  static std::vector<array> make_arrays(std::vector<Shape> shapes, const std::vector<Dtype>& dtypes,
                                        std::shared_ptr<const Primitive> primitive,
                                        std::vector<array> inputs);

  size_t itemsize() const;
  size_t size() const;
  size_t nbytes() const { return size() * itemsize(); }
  size_t ndim() const { return shape().size(); }
  const Shape& shape() const;
  /// Length of an axis, counted from the end when negative. Throws std::out_of_range.
  ShapeElem shape(int axis) const;
  Dtype dtype() const;

  /// Computes the array if that has not happened yet, and waits for it.
  void eval();
  /// Waits for an array that was given to a stream; rethrows what its computation threw.
  void wait() const;
  bool is_available() const;

  /// The only element, converted. Evaluates. Throws std::invalid_argument when size is not 1.
  template <typename T>
  T item();
  template <typename T>
  T item() const;

  /// Identifies what the array refers to: equal for copies.
  std::uintptr_t id() const { return reinterpret_cast<std::uintptr_t>(impl_.get()); }

  /// Makes this array refer to what the other one does.
  void overwrite_descriptor(const array& other) { impl_ = other.impl_; }

  // Layout and memory: of evaluated arrays only (strides are unknown before).

  struct Flags {
    /// The elements fill a stretch of memory without gaps or repeats, in some order of the axes.
    bool contiguous = false;
    bool row_contiguous = false;  ///< ... in row-major order
    bool col_contiguous = false;  ///< ... in column-major order
  };

  const Strides& strides() const;
  const Flags& flags() const;
  const std::shared_ptr<Buffer>& buffer() const;
  size_t byte_offset() const;  ///< of the first element, from the start of the buffer

  template <typename T>
  T* data();
  template <typename T>
  const T* data() const;

  // For kernels, on their outputs.

  /// Row-major memory for all elements. Throws OutOfMemory.
  void allocate();
  /// A view: strides may be 0 or negative; `byte_offset` is that of the first element.
  void set_view(std::shared_ptr<Buffer> buffer, Strides strides, size_t byte_offset);
  /// Takes over an input's row-major memory when nobody else can see it and it has the right size,
  /// or else allocates. Returns whether it took over.
  bool take_or_allocate(const array& input);
  /// Whether nobody else holds this array or its memory, so that a kernel may write over it.
  bool is_donatable() const;

  // The graph, for eval and transforms. An array has a primitive until it is given to its stream;
  // within a transform, those that depend on what is being traced keep theirs.

  bool has_primitive() const;
  const Primitive& primitive() const;
  const std::vector<array>& inputs() const;
  const std::shared_ptr<Node>& node() const;

  /// What a transform traces a function with: an array that stands for an input. One without data
  /// cannot be evaluated.
  static array placeholder(Shape shape, Dtype dtype, int trace_level);
  /// How deep within transforms the innermost one is that this array may depend on the inputs of; 0
  /// for none.
  int trace_level() const;
  void set_trace_level(int level);
  /// Whether a transform that is running on this thread may still need this array's graph.
  bool is_tracer() const;

 private:
  friend class Evaluation;
  friend struct Node;
  struct Impl;

  explicit array(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  static array with_memory(Shape shape, Dtype dtype);
  template <typename It>
  void fill(It first);
  /// Converts size() values of the type that holds `from`.
  void fill(const void* values, Dtype from);
  void require_one_element() const;

  std::shared_ptr<Impl> impl_;
};

using Arrays = std::vector<array>;

/// A graph's node: a primitive applied to arrays. Its outputs keep it alive until they are
/// evaluated.
struct Node {
  struct Output {
    std::weak_ptr<array::Impl> impl;
    Shape shape;
    Dtype dtype;
  };

  Node(std::shared_ptr<const Primitive> primitive, std::vector<array> inputs);
  ~Node();

  /// The outputs as arrays; those that nobody holds any more are made again.
  static std::vector<array> output_arrays(const std::shared_ptr<Node>& node);

  std::shared_ptr<const Primitive> primitive;
  std::vector<array> inputs;
  std::vector<Output, PoolAllocator<Output>> outputs;
  int trace_level = 0;     ///< the largest of the inputs'
  uint64_t visited = 0;    ///< the evaluation that last walked over it; guarded by the scheduler
  bool scheduled = false;  ///< given to its stream, and kept for a transform
};

/// Prints shape, dtype and elements. Evaluates.
std::ostream& operator<<(std::ostream& os, array a);

/// The dtype that an operation over these arrays computes in.
Dtype result_type(const array& a, const array& b);
Dtype result_type(const std::vector<array>& arrays);

template <typename T>
requires std::is_arithmetic_v<T> || std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>
array::array(T value, Dtype dtype) : array(with_memory({}, dtype)) {
  fill(&value, dtype_of<T>());
}

template <typename T>
array::array(std::initializer_list<T> values, Dtype dtype)
    : array(values.begin(), Shape{ShapeElem(values.size())}, dtype) {}

void require_element_count(size_t given, const Shape& shape);

template <typename T>
array::array(std::initializer_list<T> values, Shape shape, Dtype dtype)
    : array(with_memory(std::move(shape), dtype)) {
  require_element_count(values.size(), this->shape());
  fill(values.begin());
}

template <typename It>
array::array(It first, Shape shape, Dtype dtype) : array(with_memory(std::move(shape), dtype)) {
  fill(first);
}

template <typename It>
void array::fill(It first) {
  using From = typename std::iterator_traits<It>::value_type;
  if constexpr (std::contiguous_iterator<It>) {
    fill(size() ? std::to_address(first) : nullptr, dtype_of<From>());
  } else {
    const std::unique_ptr<From[]> values(new From[size()]);
    std::copy_n(first, size(), values.get());
    fill(values.get(), dtype_of<From>());
  }
}

template <typename T>
T* array::data() {
  return reinterpret_cast<T*>(static_cast<char*>(buffer()->data()) + byte_offset());
}

template <typename T>
const T* array::data() const {
  return reinterpret_cast<const T*>(static_cast<const char*>(buffer()->data()) + byte_offset());
}

template <typename T>
T array::item() {
  require_one_element();
  eval();
  return dispatch(
      dtype(), [&]<typename U>(std::type_identity<U>) { return convert_element<T>(*data<U>()); });
}

template <typename T>
T array::item() const {
  return array(*this).item<T>();
}

}  // namespace quern
