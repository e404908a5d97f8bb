#pragma once

#include <cstdint>

#include "engine/primitives/quantized.h"

namespace quern::cpu {

/// How an element of a packed matrix is encoded: an unsigned integer of as many bits, or a small
/// float.
enum class Code : uint8_t { u2, u3, u4, u5, u6, u8, e2m1, e4m3 };

/// How the scale of a group is: a float, 2^(byte - 127), or a float of 8 bits.
enum class ScaleKind : uint8_t { float32, float16, bfloat16, e8m0, e4m3 };

constexpr int bits_of(Code code) {
  constexpr int bits[] = {2, 3, 4, 5, 6, 8, 4, 8};
  return bits[size_t(code)];
}

/// Whether elements lie across bytes: no mask takes them out.
constexpr bool is_spread(Code code) {
  return code == Code::u3 || code == Code::u5 || code == Code::u6;
}

constexpr bool is_integer(Code code) { return code < Code::e2m1; }

constexpr size_t scale_bytes(ScaleKind kind) {
  return kind == ScaleKind::float32                           ? 4
         : kind == ScaleKind::e8m0 || kind == ScaleKind::e4m3 ? 1
                                                              : 2;
}

inline Code code_of(const Quantization& q) {
  if (!q.has_biases()) return q.bits == 4 ? Code::e2m1 : Code::e4m3;
  constexpr Code codes[] = {Code::u2, Code::u3, Code::u4, Code::u5, Code::u6, Code::u8, Code::u8};
  return codes[q.bits - 2];
}

/// `parameters` is the dtype of an affine matrix's scales.
inline ScaleKind scale_kind_of(const Quantization& q, Dtype parameters) {
  if (q.mode == QuantizationMode::nvfp4) return ScaleKind::e4m3;
  if (!q.has_biases()) return ScaleKind::e8m0;
  if (parameters == float16) return ScaleKind::float16;
  return parameters == bfloat16 ? ScaleKind::bfloat16 : ScaleKind::float32;
}

}  // namespace quern::cpu
