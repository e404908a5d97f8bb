#pragma once

#include <optional>
#include <string>

#include "engine/primitives/primitive.h"

namespace quern {

/// How the elements of a group are encoded.
enum class QuantizationMode : uint8_t { affine };

/// A quantization of weights: the same for all groups of a tensor.
struct Quantization {
  QuantizationMode mode;
  int group_size;  ///< elements that share a scale
  int bits;        ///< per element

  bool operator==(const Quantization&) const = default;
  auto fields() { return std::tie(mode, group_size, bits); }
  auto fields() const { return std::tie(mode, group_size, bits); }
};

/// Checks a mode by name and fills in its defaults. Throws std::invalid_argument, naming `where`,
/// for a mode, group size or bit width that does not exist.
Quantization make_quantization(const std::string& mode, std::optional<int> group_size,
                               std::optional<int> bits, const char* where);

/// inputs {w} -> {w_q, scales, biases}.
class Quantize final : public PrimitiveOf<Quantize> {
 public:
  Quantize(Stream s, Quantization quantization) : PrimitiveOf(s), quantization(quantization) {}
  static constexpr const char* type_name = "Quantize";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  auto state() const { return std::tie(quantization); }

  const Quantization quantization;
};

/// inputs {w_q, scales, biases} -> {w}.
class Dequantize final : public PrimitiveOf<Dequantize> {
 public:
  Dequantize(Stream s, Quantization quantization) : PrimitiveOf(s), quantization(quantization) {}
  static constexpr const char* type_name = "Dequantize";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  auto state() const { return std::tie(quantization); }

  const Quantization quantization;
};

/// inputs {x, w_q, scales, biases}: x [..., M, K] with w [..., N, K] (transpose) or x [..., M, N]
/// with it. Floats of 16 or 32 bits: scales and biases of one dtype, x of any; leading axes
/// broadcast.
class QuantizedMatmul final : public PrimitiveOf<QuantizedMatmul> {
 public:
  QuantizedMatmul(Stream s, Quantization quantization, bool transpose)
      : PrimitiveOf(s), quantization(quantization), transpose(transpose) {}
  static constexpr const char* type_name = "QuantizedMatmul";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  auto state() const { return std::tie(quantization, transpose); }

  const Quantization quantization;
  const bool transpose;
};

/// Shape of the weight that is packed in w_q.
Shape unpacked_shape(const Shape& w_q, const Quantization& quantization);

}  // namespace quern
