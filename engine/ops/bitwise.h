#pragma once

#include "engine/ops/scalar.h"

namespace quern {

// Bits of bool and integer arrays, broadcast and promoted to their common dtype. All functions
// throw std::invalid_argument, naming themselves, for floating and complex dtypes.

array bitwise_and(const array& a, const array& b, StreamOrDevice s = {});
array bitwise_or(const array& a, const array& b, StreamOrDevice s = {});
array bitwise_xor(const array& a, const array& b, StreamOrDevice s = {});
/// On bool: not.
array bitwise_invert(const array& a, StreamOrDevice s = {});
/// By b bits; bool counts as uint8. A shift by the dtype's width or more gives what shifting one
/// bit at a time would: 0, or -1 for negative numbers shifted right.
array left_shift(const array& a, const array& b, StreamOrDevice s = {});
array right_shift(const array& a, const array& b, StreamOrDevice s = {});

inline array operator&(const array& a, const array& b) { return bitwise_and(a, b); }
inline array operator|(const array& a, const array& b) { return bitwise_or(a, b); }
inline array operator^(const array& a, const array& b) { return bitwise_xor(a, b); }
inline array operator~(const array& a) { return bitwise_invert(a); }
inline array operator<<(const array& a, const array& b) { return left_shift(a, b); }
inline array operator>>(const array& a, const array& b) { return right_shift(a, b); }

}  // namespace quern
