#include "engine/ops/bitwise.h"

#include <fmt/format.h>

#include <stdexcept>

#include "engine/ops/elementwise.h"
#include "engine/primitives/bitwise.h"

namespace quern {

namespace {

void require_bits(Dtype dtype, const char* where) {
  if (issubdtype(dtype, inexact)) {
    throw std::invalid_argument(
        fmt::format("[{}] needs bool or integers, got {}", where, dtype_name(dtype)));
  }
}

template <typename P>
array on_bits(const array& a, const array& b, const char* where, StreamOrDevice s) {
  const Dtype dtype = result_type(a, b);
  require_bits(dtype, where);
  return elementwise_node<P>(a, b, dtype, dtype, s);
}

template <typename P>
array shifted(const array& a, const array& b, const char* where, StreamOrDevice s) {
  Dtype dtype = result_type(a, b);
  require_bits(dtype, where);
  if (dtype == bool_) dtype = uint8;
  return elementwise_node<P>(a, b, dtype, dtype, s);
}

}  // namespace

array bitwise_and(const array& a, const array& b, StreamOrDevice s) {
  return on_bits<BitwiseAnd>(a, b, "bitwise_and", s);
}
array bitwise_or(const array& a, const array& b, StreamOrDevice s) {
  return on_bits<BitwiseOr>(a, b, "bitwise_or", s);
}
array bitwise_xor(const array& a, const array& b, StreamOrDevice s) {
  return on_bits<BitwiseXor>(a, b, "bitwise_xor", s);
}

array bitwise_invert(const array& a, StreamOrDevice s) {
  require_bits(a.dtype(), "bitwise_invert");
  return elementwise_node<BitwiseInvert>(a, a.dtype(), s);
}

array left_shift(const array& a, const array& b, StreamOrDevice s) {
  return shifted<LeftShift>(a, b, "left_shift", s);
}
array right_shift(const array& a, const array& b, StreamOrDevice s) {
  return shifted<RightShift>(a, b, "right_shift", s);
}

}  // namespace quern
