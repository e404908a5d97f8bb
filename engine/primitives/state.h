#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "engine/array/dtype.h"

namespace quern {

/// Collects values as little-endian bytes: what the parameters of primitives look like in a file of
/// exported functions. Lists and strings have their count before them, as a uint64.
///
/// It takes numbers, enumerations, Dtype, strings, lists, optionals, and structures that have a
/// function `fields()` which returns std::tie of their members.
class StateWriter {
 public:
  template <typename T>
  void write(const T& value);
  void write_bytes(const void* data, size_t n) { bytes_.append(static_cast<const char*>(data), n); }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Reads what a StateWriter wrote, in the same order. Throws std::runtime_error, naming the byte,
/// when the bytes end too early or cannot be a value of the type.
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  T read();
  void read_bytes(void* data, size_t n) { std::memcpy(data, take(n), n); }
  /// The next n bytes, which stay where they are.
  const char* take(size_t n);
  size_t position() const { return position_; }
  size_t left() const { return bytes_.size() - position_; }

 private:
  [[noreturn]] void fail(const char* what) const;
  /// The count of a list whose elements take at least one byte each.
  size_t read_count();
  Dtype read_dtype();

  std::string_view bytes_;
  size_t position_ = 0;
};

namespace detail {

template <typename T>
concept StateStructure = requires(T& value) {
  value.fields();
};

template <typename T>
concept StateNumber = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <typename T>
struct is_optional : std::false_type {};
template <typename T>
struct is_optional<std::optional<T>> : std::true_type {};

}  // namespace detail

template <typename T>
void StateWriter::write(const T& value) {
  if constexpr (detail::StateNumber<T>) {
    write_bytes(&value, sizeof(T));
  } else if constexpr (std::is_same_v<T, Dtype>) {
    write(value.val);
  } else if constexpr (detail::is_optional<T>::value) {
    write(value.has_value());
    if (value) write(*value);
  } else if constexpr (detail::StateStructure<const T>) {
    std::apply([&](const auto&... field) { (write(field), ...); }, value.fields());
  } else {
    write(uint64_t(value.size()));
    for (const auto& element : value) write(element);
  }
}

template <typename T>
T StateReader::read() {
  if constexpr (std::is_same_v<T, bool>) {
    const uint8_t byte = read<uint8_t>();
    if (byte > 1) fail("a truth value");
    return byte == 1;
  } else if constexpr (detail::StateNumber<T>) {
    T value;
    read_bytes(&value, sizeof(T));
    return value;
  } else if constexpr (std::is_same_v<T, Dtype>) {
    return read_dtype();
  } else if constexpr (detail::is_optional<T>::value) {
    T value;
    if (read<bool>()) value = read<typename T::value_type>();
    return value;
  } else if constexpr (detail::StateStructure<T>) {
    T value;
    std::apply(
        [&](auto&... field) { ((field = read<std::remove_cvref_t<decltype(field)>>()), ...); },
        value.fields());
    return value;
  } else {
    T list;
    for (size_t n = read_count(); n > 0; --n) list.push_back(read<typename T::value_type>());
    return list;
  }
}

}  // namespace quern
