#include "engine/c/array.h"

#include <fmt/format.h>

#include <cstring>
#include <sstream>

#include "engine/array/numeric_limits.h"
#include "engine/array/print.h"
#include "engine/c/adapt.h"
#include "engine/graph/eval.h"
#include "engine/ops/shape.h"

using quern::array;
using quern::Dtype;
using quern::Shape;
using namespace quern::c;

namespace {

template <typename T>
int make(quern_array* out, T value, Dtype dtype) {
  return guard([&] { store(out, array(value, dtype)); });
}

template <typename T, typename Out>
int item(Out* out, quern_array a) {
  static_assert(sizeof(T) == sizeof(Out));
  return guard([&] {
    const T value = get(a).item<T>();
    std::memcpy(&deref(out), &value, sizeof(T));
  });
}

template <typename Out, typename F>
int ask(Out* out, quern_array a, F&& f) {
  return guard([&] { deref(out) = f(get(a)); });
}

Dtype dtype_of(quern_dtype dtype) { return to(std::type_identity<Dtype>(), dtype); }

}  // namespace

int quern_array_from_bool(quern_array* out, bool value) { return make(out, value, quern::bool_); }
int quern_array_from_int(quern_array* out, int value) { return make(out, value, quern::int32); }
int quern_array_from_float(quern_array* out, float value) {
  return make(out, value, quern::float32);
}
int quern_array_from_double(quern_array* out, double value, quern_dtype dtype) {
  return guard([&] { store(out, array(value, dtype_of(dtype))); });
}
int quern_array_from_complex64(quern_array* out, quern_complex64 value) {
  return make(out, quern::complex64_t(value.real, value.imag), quern::complex64);
}

int quern_array_from_data(quern_array* out, const void* data, const int* shape, size_t ndim,
                          quern_dtype dtype) {
  return guard([&] {
    auto lengths = list(shape, ndim).copy<Shape>();
    const Dtype type = dtype_of(dtype);
    const size_t nbytes = quern::element_count(lengths) * type.size();
    array a(quern::Buffer::allocate(nbytes), std::move(lengths), type);
    if (nbytes != 0) {
      std::memcpy(a.data<char>(), &deref(static_cast<const char*>(data)), nbytes);
    }
    store(out, std::move(a));
  });
}

int quern_array_from_borrowed_data(quern_array* out, void* data, const int* shape, size_t ndim,
                                   quern_dtype dtype, void* payload,
                                   void (*destructor)(void* payload)) {
  bool is_taken = false;
  const int failed = guard([&] {
    auto lengths = list(shape, ndim).copy<Shape>();
    if (quern::element_count(lengths) != 0) deref(static_cast<char*>(data));
    deref(out);
    const auto release = [payload, destructor](void*) {
      if (destructor) destructor(payload);
    };
    array a(data, std::move(lengths), dtype_of(dtype), release);
    is_taken = true;
    store(out, std::move(a));
  });
  if (!is_taken && destructor) destructor(payload);
  return failed;
}

int quern_array_set(quern_array* out, quern_array from) {
  return guard([&] { store(out, get(from)); });
}
int quern_array_free(quern_array a) { return free_handle(a); }

int quern_array_dtype(quern_dtype* out, quern_array a) {
  return ask(out, a, [](const array& x) { return from(x.dtype()); });
}
int quern_array_ndim(size_t* out, quern_array a) {
  return ask(out, a, [](const array& x) { return x.ndim(); });
}
int quern_array_size(size_t* out, quern_array a) {
  return ask(out, a, [](const array& x) { return x.size(); });
}
int quern_array_itemsize(size_t* out, quern_array a) {
  return ask(out, a, [](const array& x) { return x.itemsize(); });
}
int quern_array_nbytes(size_t* out, quern_array a) {
  return ask(out, a, [](const array& x) { return x.nbytes(); });
}
int quern_array_shape(const int** out, quern_array a) {
  return ask(out, a, [](const array& x) { return x.shape().data(); });
}
int quern_array_dim(int* out, quern_array a, int axis) {
  return ask(out, a, [&](const array& x) { return x.shape(axis); });
}

int quern_array_eval(quern_array a) {
  return guard([&] { get(a).eval(); });
}
int quern_array_wait(quern_array a) {
  return guard([&] { get(a).wait(); });
}
int quern_array_is_available(bool* out, quern_array a) {
  return ask(out, a, [](const array& x) { return x.is_available(); });
}
int quern_eval(quern_vector_array arrays) {
  return guard([&] { quern::eval(get(arrays)); });
}
int quern_async_eval(quern_vector_array arrays) {
  return guard([&] { quern::async_eval(get(arrays)); });
}

int quern_array_item_bool(bool* out, quern_array a) { return item<bool>(out, a); }
int quern_array_item_uint8(uint8_t* out, quern_array a) { return item<uint8_t>(out, a); }
int quern_array_item_uint16(uint16_t* out, quern_array a) { return item<uint16_t>(out, a); }
int quern_array_item_uint32(uint32_t* out, quern_array a) { return item<uint32_t>(out, a); }
int quern_array_item_uint64(uint64_t* out, quern_array a) { return item<uint64_t>(out, a); }
int quern_array_item_int8(int8_t* out, quern_array a) { return item<int8_t>(out, a); }
int quern_array_item_int16(int16_t* out, quern_array a) { return item<int16_t>(out, a); }
int quern_array_item_int32(int32_t* out, quern_array a) { return item<int32_t>(out, a); }
int quern_array_item_int64(int64_t* out, quern_array a) { return item<int64_t>(out, a); }
int quern_array_item_float16(uint16_t* out, quern_array a) {
  return item<quern::float16_t>(out, a);
}
int quern_array_item_bfloat16(uint16_t* out, quern_array a) {
  return item<quern::bfloat16_t>(out, a);
}
int quern_array_item_float32(float* out, quern_array a) { return item<float>(out, a); }
int quern_array_item_float64(double* out, quern_array a) { return item<double>(out, a); }
int quern_array_item_complex64(quern_complex64* out, quern_array a) {
  return item<quern::complex64_t>(out, a);
}

int quern_array_copy_to(void* out, size_t nbytes, quern_array a) {
  return guard([&] {
    array dense = quern::contiguous(get(a));
    if (nbytes != dense.nbytes()) {
      throw std::invalid_argument(fmt::format(
          "[copy_to] the array has {} bytes, and there is room for {}", dense.nbytes(), nbytes));
    }
    dense.eval();
    if (nbytes != 0) std::memcpy(&deref(static_cast<char*>(out)), dense.data<char>(), nbytes);
  });
}
int quern_array_data(const void** out, quern_array a) {
  return guard([&] {
    get(a).eval();
    deref(out) = get(a).data<char>();
  });
}
int quern_array_strides(const int64_t** out, quern_array a) {
  return guard([&] {
    get(a).eval();
    deref(out) = get(a).strides().data();
  });
}

int quern_array_to_string(quern_string* out, quern_array a) {
  return guard([&] {
    std::ostringstream text;
    text << get(a);
    store(out, text.str());
  });
}
int quern_set_print_precision(int precision) {
  return guard([&] { quern::set_printoptions({precision}); });
}

int quern_dtype_size(size_t* out, quern_dtype dtype) {
  return guard([&] { deref(out) = dtype_of(dtype).size(); });
}
int quern_dtype_name(const char** out, quern_dtype dtype) {
  // The names are literals, which end in 0.
  return guard([&] { deref(out) = quern::dtype_name(dtype_of(dtype)).data(); });
}
int quern_promote_types(quern_dtype* out, quern_dtype a, quern_dtype b) {
  return guard([&] { deref(out) = from(quern::promote_types(dtype_of(a), dtype_of(b))); });
}
int quern_finfo(double* min, double* max, double* eps, quern_dtype dtype) {
  return guard([&] {
    const quern::finfo info(dtype_of(dtype));
    store(results(min, max, eps), std::tuple(info.min, info.max, info.eps));
  });
}
int quern_iinfo(int64_t* min, uint64_t* max, quern_dtype dtype) {
  return guard([&] {
    const quern::iinfo info(dtype_of(dtype));
    store(results(min, max), std::tuple(info.min, info.max));
  });
}
