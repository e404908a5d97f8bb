#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace quern::cpu {

/// Calls f(std::type_identity<Bits>{}) with an integer type of an element's width: for kernels that
/// move elements, whatever they mean.
template <typename F>
decltype(auto) with_bits(size_t width, F&& f) {
  switch (width) {
    case 1:
      return f(std::type_identity<uint8_t>{});
    case 2:
      return f(std::type_identity<uint16_t>{});
    case 4:
      return f(std::type_identity<uint32_t>{});
    default:
      return f(std::type_identity<uint64_t>{});
  }
}

}  // namespace quern::cpu
