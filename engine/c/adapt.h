#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "engine/array/array.h"
#include "engine/c/types.h"

/// What the C functions are made of: how C arguments become C++ ones, results become handles, and
/// exceptions errors. An operation is one line:
///
///   int quern_add(quern_array* out, quern_array a, quern_array b, quern_stream s) {
///     return call<quern::add>(out, a, b, s);
///   }
namespace quern::c {

using Closure = std::function<Arrays(const Arrays&)>;

/// An overload of an operation, by its parameters without the stream, which is last:
/// Op<ArrayIn, AxesIn, bool>(quern::sum).
template <typename... Parameters>
using Op = array (*)(Parameters..., StreamOrDevice);
template <typename... Parameters>
using OpOfTwo = std::pair<array, array> (*)(Parameters..., StreamOrDevice);
template <typename... Parameters>
using OpOfSeveral = Arrays (*)(Parameters..., StreamOrDevice);

using ArrayIn = const array&;
using ArraysIn = const Arrays&;
using OptionalIn = const std::optional<array>&;
using AxesIn = const std::vector<int>&;
using ShapeIn = const Shape&;
using quern::array;
using quern::Arrays;
using quern::Dtype;
using quern::Shape;

// Errors

/// Remembers the exception that is being handled and tells the handler; 1.
int report_exception() noexcept;

template <typename F>
int guard(F&& f) noexcept {
  try {
    f();
    return 0;
  } catch (...) {
    return report_exception();
  }
}

// Handles and their objects

template <typename Handle>
struct ObjectOf;
template <typename T>
struct Holds {
  using type = T;
};
template <>
struct ObjectOf<quern_array> : Holds<array> {};
template <>
struct ObjectOf<quern_vector_array> : Holds<Arrays> {};
template <>
struct ObjectOf<quern_vector_string> : Holds<std::vector<std::string>> {};
template <>
struct ObjectOf<quern_map_array> : Holds<std::map<std::string, array>> {};
template <>
struct ObjectOf<quern_map_string> : Holds<std::map<std::string, std::string>> {};
template <>
struct ObjectOf<quern_string> : Holds<std::string> {};
template <>
struct ObjectOf<quern_closure> : Holds<Closure> {};

template <typename Handle>
using Object = typename ObjectOf<Handle>::type;

template <typename Handle>
concept IsHandle = requires {
  typename ObjectOf<Handle>::type;
};

template <IsHandle Handle>
Object<Handle>& get(Handle handle) {
  if (!handle.object) throw std::invalid_argument("[c] a handle that is needed owns nothing");
  return *static_cast<Object<Handle>*>(handle.object);
}

template <typename T>
T& deref(T* pointer) {
  if (!pointer) throw std::invalid_argument("[c] a pointer that is needed is NULL");
  return *pointer;
}

template <IsHandle Handle>
int free_handle(Handle handle) noexcept {
  delete static_cast<Object<Handle>*>(handle.object);
  return 0;
}

// Results

template <IsHandle Handle>
void store(Handle* to, Object<Handle> value) {
  Handle& handle = deref(to);
  if (handle.object) {
    get(handle) = std::move(value);
  } else {
    handle.object = new Object<Handle>(std::move(value));
  }
}

template <typename T>
requires(!IsHandle<T>) void store(T* to, const std::type_identity_t<T>& value) {
  deref(to) = value;
}

inline void store(quern_map_array* to, const std::unordered_map<std::string, array>& value) {
  store(to, std::map<std::string, array>(value.begin(), value.end()));
}

/// Where the elements of a pair or tuple go.
template <typename... To>
std::tuple<To*...> results(To*... to) {
  return {to...};
}

template <typename... To, typename Values>
void store(const std::tuple<To*...>& to, Values&& values) {
  [&]<size_t... i>(std::index_sequence<i...>) {
    (deref(std::get<i>(to)), ...);
    (store(std::get<i>(to), std::get<i>(std::forward<Values>(values))), ...);
  }
  (std::index_sequence_for<To...>());
}

// Arguments: to(std::type_identity<what the C++ function takes>, what the C function got)

/// A list of a C function: where it begins and how long it is.
template <typename T>
struct List {
  template <typename L>
  L copy() const {
    if (size != 0) deref(data);
    return L(data, data + size);
  }
  const T* data;
  size_t size;
};

template <typename T>
List<T> list(const T* data, size_t size) noexcept {
  return {data, size};
}

template <typename T>
requires std::is_arithmetic_v<T> T to(std::type_identity<T>, T value) { return value; }

inline const array& to(std::type_identity<array>, quern_array a) { return get(a); }

inline std::optional<array> to(std::type_identity<std::optional<array>>, quern_array a) {
  return a.object ? std::optional<array>(get(a)) : std::nullopt;
}

inline const Arrays& to(std::type_identity<Arrays>, quern_vector_array a) { return get(a); }

inline const Closure& to(std::type_identity<Closure>, quern_closure f) { return get(f); }

inline std::unordered_map<std::string, array> to(
    std::type_identity<std::unordered_map<std::string, array>>, quern_map_array m) {
  return {get(m).begin(), get(m).end()};
}

template <typename L>
requires std::is_same_v<L, std::vector<int>> || std::is_same_v<L, Shape> ||
    std::is_same_v<L, Strides>
        L to(std::type_identity<L>, List<typename L::value_type> values) {
  return values.template copy<L>();
}

template <typename L>
std::optional<L> to(std::type_identity<std::optional<L>>, List<int> values) {
  return values.data ? std::optional(values.template copy<L>()) : std::nullopt;
}

/// Throws std::invalid_argument unless the list has as many numbers as the pair or tuple.
template <typename... Numbers>
std::tuple<Numbers...> to(std::type_identity<std::tuple<Numbers...>>, List<int> values) {
  const auto numbers = values.copy<std::vector<int>>();
  if (numbers.size() != sizeof...(Numbers)) throw std::invalid_argument("[c] a list is too short");
  return [&]<size_t... i>(std::index_sequence<i...>) {
    return std::tuple<Numbers...>{numbers[i]...};
  }
  (std::index_sequence_for<Numbers...>());
}

inline std::pair<int, int> to(std::type_identity<std::pair<int, int>>, List<int> values) {
  const auto numbers = to(std::type_identity<std::tuple<int, int>>(), values);
  return {std::get<0>(numbers), std::get<1>(numbers)};
}

inline std::string to(std::type_identity<std::string>, const char* text) { return &deref(text); }

inline std::string_view to(std::type_identity<std::string_view>, const char* text) {
  return &deref(text);
}

inline std::optional<int> to(std::type_identity<std::optional<int>>, quern_optional_int x) {
  return x.has_value ? std::optional(x.value) : std::nullopt;
}

inline std::optional<float> to(std::type_identity<std::optional<float>>, quern_optional_float x) {
  return x.has_value ? std::optional(x.value) : std::nullopt;
}

/// Throw std::invalid_argument for what is no dtype, device or stream.
Dtype to(std::type_identity<Dtype>, quern_dtype dtype);
Device to(std::type_identity<Device>, quern_device device);
StreamOrDevice to(std::type_identity<StreamOrDevice>, quern_stream stream);
quern_dtype from(Dtype dtype);
quern_device from(Device device);
quern_stream from(Stream stream);

inline std::optional<Dtype> to(std::type_identity<std::optional<Dtype>>, quern_optional_dtype x) {
  return x.has_value ? std::optional(to(std::type_identity<Dtype>(), x.value)) : std::nullopt;
}

template <typename Result, typename... Parameters, typename... Arguments>
Result invoke(Result (*function)(Parameters...), Arguments... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments));
  return function(to(std::type_identity<std::remove_cvref_t<Parameters>>(), arguments)...);
}

/// Calls a C++ function with C arguments and stores what it returns.
template <auto function, typename Out, typename... Arguments>
int call(Out out, Arguments... arguments) noexcept {
  return guard([&] { store(out, invoke(function, arguments...)); });
}

}  // namespace quern::c
