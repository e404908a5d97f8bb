#include "engine/ops/slice_update.h"

#include "engine/ops/update.h"

namespace quern {

array slice_update(const array& src, const array& update, Shape start, Shape stop, Shape strides,
                   StreamOrDevice s) {
  return update_slice(Combine::replace, src, update, std::move(start), std::move(stop),
                      std::move(strides), s);
}
array slice_update(const array& src, const array& update, Shape start, Shape stop,
                   StreamOrDevice s) {
  return update_slice(Combine::replace, src, update, std::move(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update(const array& src, const array& update, std::initializer_list<int> start,
                   Shape stop, Shape strides, StreamOrDevice s) {
  return update_slice(Combine::replace, src, update, Shape(start), std::move(stop),
                      std::move(strides), s);
}
array slice_update(const array& src, const array& update, std::initializer_list<int> start,
                   Shape stop, StreamOrDevice s) {
  return update_slice(Combine::replace, src, update, Shape(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update(const array& src, const array& update, const array& start, std::vector<int> axes,
                   StreamOrDevice s) {
  return update_slice(Combine::replace, src, update, start, std::move(axes), s);
}

array slice_update_add(const array& src, const array& update, Shape start, Shape stop,
                       Shape strides, StreamOrDevice s) {
  return update_slice(Combine::add, src, update, std::move(start), std::move(stop),
                      std::move(strides), s);
}
array slice_update_add(const array& src, const array& update, Shape start, Shape stop,
                       StreamOrDevice s) {
  return update_slice(Combine::add, src, update, std::move(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update_add(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, Shape strides, StreamOrDevice s) {
  return update_slice(Combine::add, src, update, Shape(start), std::move(stop), std::move(strides),
                      s);
}
array slice_update_add(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, StreamOrDevice s) {
  return update_slice(Combine::add, src, update, Shape(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update_add(const array& src, const array& update, const array& start,
                       std::vector<int> axes, StreamOrDevice s) {
  return update_slice(Combine::add, src, update, start, std::move(axes), s);
}

array slice_update_prod(const array& src, const array& update, Shape start, Shape stop,
                        Shape strides, StreamOrDevice s) {
  return update_slice(Combine::multiply, src, update, std::move(start), std::move(stop),
                      std::move(strides), s);
}
array slice_update_prod(const array& src, const array& update, Shape start, Shape stop,
                        StreamOrDevice s) {
  return update_slice(Combine::multiply, src, update, std::move(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update_prod(const array& src, const array& update, std::initializer_list<int> start,
                        Shape stop, Shape strides, StreamOrDevice s) {
  return update_slice(Combine::multiply, src, update, Shape(start), std::move(stop),
                      std::move(strides), s);
}
array slice_update_prod(const array& src, const array& update, std::initializer_list<int> start,
                        Shape stop, StreamOrDevice s) {
  return update_slice(Combine::multiply, src, update, Shape(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update_prod(const array& src, const array& update, const array& start,
                        std::vector<int> axes, StreamOrDevice s) {
  return update_slice(Combine::multiply, src, update, start, std::move(axes), s);
}

array slice_update_max(const array& src, const array& update, Shape start, Shape stop,
                       Shape strides, StreamOrDevice s) {
  return update_slice(Combine::maximum, src, update, std::move(start), std::move(stop),
                      std::move(strides), s);
}
array slice_update_max(const array& src, const array& update, Shape start, Shape stop,
                       StreamOrDevice s) {
  return update_slice(Combine::maximum, src, update, std::move(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update_max(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, Shape strides, StreamOrDevice s) {
  return update_slice(Combine::maximum, src, update, Shape(start), std::move(stop),
                      std::move(strides), s);
}
array slice_update_max(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, StreamOrDevice s) {
  return update_slice(Combine::maximum, src, update, Shape(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update_max(const array& src, const array& update, const array& start,
                       std::vector<int> axes, StreamOrDevice s) {
  return update_slice(Combine::maximum, src, update, start, std::move(axes), s);
}

array slice_update_min(const array& src, const array& update, Shape start, Shape stop,
                       Shape strides, StreamOrDevice s) {
  return update_slice(Combine::minimum, src, update, std::move(start), std::move(stop),
                      std::move(strides), s);
}
array slice_update_min(const array& src, const array& update, Shape start, Shape stop,
                       StreamOrDevice s) {
  return update_slice(Combine::minimum, src, update, std::move(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update_min(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, Shape strides, StreamOrDevice s) {
  return update_slice(Combine::minimum, src, update, Shape(start), std::move(stop),
                      std::move(strides), s);
}
array slice_update_min(const array& src, const array& update, std::initializer_list<int> start,
                       Shape stop, StreamOrDevice s) {
  return update_slice(Combine::minimum, src, update, Shape(start), std::move(stop),
                      Shape(src.ndim(), 1), s);
}
array slice_update_min(const array& src, const array& update, const array& start,
                       std::vector<int> axes, StreamOrDevice s) {
  return update_slice(Combine::minimum, src, update, start, std::move(axes), s);
}

}  // namespace quern
