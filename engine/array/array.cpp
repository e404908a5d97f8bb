#include "engine/array/array.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/array/impl.h"
#include "engine/graph/eval.h"
#include "engine/graph/trace.h"
#include "engine/primitives/primitive.h"

namespace quern {

void array::Impl::set_layout(std::shared_ptr<Buffer> memory, Strides new_strides, size_t offset) {
  flags = flags_of(shape, new_strides);
  strides = std::move(new_strides);
  byte_offset = offset;
  buffer = std::move(memory);
}

size_t element_count(const Shape& shape, Dtype dtype, const char* where) {
  const size_t count = element_count(shape, where);
  if (count <= size_t(INT64_MAX) / dtype.size()) return count;
  throw std::overflow_error(fmt::format("[{}] shape {} of {} has more bytes than 2^63 - 1", where,
                                        to_string(shape), dtype_name(dtype)));
}

array::Flags flags_of(const Shape& shape, const Strides& strides) {
  const size_t ndim = shape.size();
  int64_t row = 1, col = 1;
  array::Flags flags{true, true, true};
  for (size_t i = 0; i < ndim; ++i) {
    if (shape[i] == 0) return {true, true, true};
  }
  for (size_t i = 0; i < ndim; ++i) {
    const size_t j = ndim - 1 - i;
    if (shape[j] != 1) {
      if (strides[j] != row) flags.row_contiguous = false;
      row *= shape[j];
    }
    if (shape[i] != 1) {
      if (strides[i] != col) flags.col_contiguous = false;
      col *= shape[i];
    }
  }
  if (flags.row_contiguous || flags.col_contiguous) return flags;

  // Some other order of the axes may be dense: each length must lead to the next larger stride.
  SmallVector<size_t> order;
  for (size_t i = 0; i < ndim; ++i) {
    if (shape[i] != 1) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return strides[a] < strides[b]; });
  int64_t expected = 1;
  for (const size_t i : order) {
    if (strides[i] != expected) flags.contiguous = false;
    expected *= shape[i];
  }
  return flags;
}

array array::with_memory(Shape shape, Dtype dtype) {
  array out(make_pooled<Impl>(std::move(shape), dtype));
  out.allocate();
  out.impl_->status.store(Impl::Status::available, std::memory_order_release);
  return out;
}

array::array(const complex64_t& value, Dtype dtype) : array(with_memory({}, dtype)) {
  fill(&value, complex64);
}

array::array(std::initializer_list<float> values)
    : array(values.begin(), Shape{ShapeElem(values.size())}, float32) {}

array::array(std::initializer_list<int> values, Dtype dtype)
    : array(values.begin(), Shape{ShapeElem(values.size())}, dtype) {}

array::array(void* data, Shape shape, Dtype dtype, const std::function<void(void*)>& release)
    : impl_(make_pooled<Impl>(std::move(shape), dtype)) {
  auto buffer = Buffer::borrow(data, nbytes(), [data, release] { release(data); });
  impl_->set_layout(std::move(buffer), row_major_strides(this->shape()), 0);
  impl_->status = Impl::Status::available;
}

array::array(std::shared_ptr<Buffer> buffer, Shape shape, Dtype dtype, size_t byte_offset)
    : impl_(make_pooled<Impl>(std::move(shape), dtype)) {
  if (byte_offset > buffer->size() || nbytes() > buffer->size() - byte_offset) {
    throw std::invalid_argument(
        fmt::format("[array] {} bytes at offset {} do not lie inside a buffer of {} bytes",
                    nbytes(), byte_offset, buffer->size()));
  }
  impl_->set_layout(std::move(buffer), row_major_strides(this->shape()), byte_offset);
  impl_->status = Impl::Status::available;
}

array::array(Shape shape, Dtype dtype, std::shared_ptr<const Primitive> primitive,
             std::vector<array> inputs)
    : impl_(make_pooled<Impl>(std::move(shape), dtype, primitive ? primitive->name() : "array")) {
  impl_->node = make_pooled<Node>(std::move(primitive), std::move(inputs));
  impl_->node->outputs.push_back({impl_, impl_->shape, dtype});
  impl_->trace_level.store(impl_->node->trace_level, std::memory_order_relaxed);
}

std::vector<array> array::make_arrays(std::vector<Shape> shapes, const std::vector<Dtype>& dtypes,
                                      std::shared_ptr<const Primitive> primitive,
                                      std::vector<array> inputs) {
  const auto node = make_pooled<Node>(std::move(primitive), std::move(inputs));
  std::vector<array> outputs;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const auto impl = make_pooled<Impl>(std::move(shapes[i]), dtypes[i], node->primitive->name());
    impl->node = node;
    impl->trace_level = node->trace_level;
    node->outputs.push_back({impl, impl->shape, impl->dtype});
    outputs.push_back(array(impl));
  }
  return outputs;
}

size_t array::itemsize() const { return impl_->dtype.size(); }
size_t array::size() const { return impl_->size; }
const Shape& array::shape() const { return impl_->shape; }
Dtype array::dtype() const { return impl_->dtype; }
const Strides& array::strides() const { return impl_->strides; }
const array::Flags& array::flags() const { return impl_->flags; }
const std::shared_ptr<Buffer>& array::buffer() const { return impl_->buffer; }
size_t array::byte_offset() const { return impl_->byte_offset; }

ShapeElem array::shape(int axis) const {
  const int n = int(ndim());
  if (axis < -n || axis >= n) {
    throw std::out_of_range(fmt::format(
        "[array::shape] axis {} is out of range for an array with {} dimensions", axis, n));
  }
  return impl_->shape[size_t(axis < 0 ? axis + n : axis)];
}

void array::eval() {
  if (impl_->status.load(std::memory_order_acquire) == Impl::Status::unscheduled) {
    quern::eval({*this});
  } else {
    wait();
  }
}

void array::wait() const {
  if (impl_->status.load(std::memory_order_acquire) != Impl::Status::scheduled) return;
  impl_->completion->wait(impl_->step);
}

bool array::is_available() const {
  switch (impl_->status.load(std::memory_order_acquire)) {
    case Impl::Status::unscheduled:
      return false;
    case Impl::Status::scheduled:
      return impl_->completion->reached(impl_->step);
    default:
      return true;
  }
}

void array::allocate() {
  impl_->set_layout(Buffer::allocate(nbytes()), row_major_strides(shape()), 0);
}

void array::set_view(std::shared_ptr<Buffer> buffer, Strides strides, size_t byte_offset) {
  impl_->set_layout(std::move(buffer), std::move(strides), byte_offset);
}

bool array::is_donatable() const {
  return impl_.use_count() == 1 && impl_->buffer.use_count() == 1 && impl_->buffer->reusable();
}

bool array::take_or_allocate(const array& input) {
  if (input.nbytes() == nbytes() && input.flags().row_contiguous && input.is_donatable()) {
    set_view(input.buffer(), row_major_strides(shape()), input.byte_offset());
    return true;
  }
  allocate();
  return false;
}

bool array::has_primitive() const { return impl_->node != nullptr; }
const Primitive& array::primitive() const { return *impl_->node->primitive; }
const std::vector<array>& array::inputs() const { return impl_->node->inputs; }

const std::shared_ptr<Node>& array::node() const { return impl_->node; }

array array::placeholder(Shape shape, Dtype dtype, int trace_level) {
  array out(make_pooled<Impl>(std::move(shape), dtype));
  out.set_trace_level(trace_level);
  return out;
}

int array::trace_level() const { return impl_->trace_level.load(std::memory_order_relaxed); }
void array::set_trace_level(int level) { impl_->trace_level = level; }
bool array::is_tracer() const { return trace_level() > 0 && Trace::depth() > 0; }

void array::fill(const void* values, Dtype from) {
  dispatch(from, [&]<typename From>(std::type_identity<From>) {
    dispatch(dtype(), [&]<typename To>(std::type_identity<To>) {
      const From* in = static_cast<const From*>(values);
      To* out = data<To>();
      for (size_t i = 0, n = size(); i < n; ++i) out[i] = convert_element<To>(in[i]);
    });
  });
}

void array::require_one_element() const {
  if (size() == 1) return;
  throw std::invalid_argument(
      fmt::format("[array::item] needs an array with 1 element, got {} in shape {}", size(),
                  to_string(shape())));
}

void require_element_count(size_t given, const Shape& shape) {
  if (given == element_count(shape)) return;
  throw std::invalid_argument(fmt::format("[array] {} values do not fill shape {}, which has {}",
                                          given, to_string(shape), element_count(shape)));
}

Node::Node(std::shared_ptr<const Primitive> primitive, std::vector<array> inputs)
    : primitive(std::move(primitive)), inputs(std::move(inputs)) {
  if (Trace::depth() == 0) return;
  for (const array& input : this->inputs) trace_level = std::max(trace_level, input.trace_level());
}

std::vector<array> Node::output_arrays(const std::shared_ptr<Node>& node) {
  std::vector<array> arrays;
  std::shared_ptr<Node> again;  // computes what was computed for nobody and let go
  for (Output& output : node->outputs) {
    std::shared_ptr<array::Impl> impl = output.impl.lock();
    if (!impl) {
      if (node->scheduled && !again) {
        again = make_pooled<Node>(node->primitive, node->inputs);
        again->trace_level = node->trace_level;
        for (const Output& o : node->outputs) again->outputs.push_back({{}, o.shape, o.dtype});
      }
      impl = make_pooled<array::Impl>(output.shape, output.dtype);
      impl->node = again ? again : node;
      impl->trace_level = node->trace_level;
      (again ? again->outputs[arrays.size()] : output).impl = impl;
    }
    arrays.push_back(array(std::move(impl)));
  }
  return arrays;
}

// Letting go of a long chain must not recurse: the outermost destructor empties what the nested
// ones would have descended into.
Node::~Node() {
  if (inputs.empty()) return;
  thread_local std::vector<array>* pending = nullptr;
  if (pending) {
    for (array& input : inputs) pending->push_back(std::move(input));
    return;
  }
  std::vector<array> mine = std::move(inputs);
  pending = &mine;
  while (!mine.empty()) {
    const array next = std::move(mine.back());
    mine.pop_back();
  }
  pending = nullptr;
}

Dtype result_type(const array& a, const array& b) { return promote_types(a.dtype(), b.dtype()); }

Dtype result_type(const std::vector<array>& arrays) {
  Dtype out = bool_;
  for (const array& a : arrays) out = promote_types(out, a.dtype());
  return out;
}

}  // namespace quern
