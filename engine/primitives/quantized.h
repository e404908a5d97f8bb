#pragma once

#include <optional>
#include <string>

#include "engine/primitives/fast.h"
#include "engine/primitives/primitive.h"

namespace quern {

/// How the elements of a group are encoded: ops/quantized.h says what each mode means.
enum class QuantizationMode : uint8_t { affine, mxfp4, mxfp8, nvfp4 };

/// A quantization of weights: the same for all groups of a tensor.
struct Quantization {
  QuantizationMode mode;
  int group_size;  ///< elements that share a scale
  int bits;        ///< per element

  /// Only affine groups have a bias; the other modes have small floats, and scales in bytes.
  bool has_biases() const { return mode == QuantizationMode::affine; }
  bool has_global_scale() const { return mode == QuantizationMode::nvfp4; }

  bool operator==(const Quantization&) const = default;
  auto fields() { return std::tie(mode, group_size, bits); }
  auto fields() const { return std::tie(mode, group_size, bits); }
};

/// Checks a mode by name and fills in its defaults. Throws std::invalid_argument, naming `where`,
/// for a mode, group size or bit width that does not exist.
Quantization make_quantization(const std::string& mode, std::optional<int> group_size,
                               std::optional<int> bits, const char* where);

/// The name that make_quantization knows a mode by.
const char* mode_name(QuantizationMode mode);

/// What a global scale is divided by: the largest e2m1 times the largest e4m3.
inline constexpr float global_scale_range = 6 * 448;

/// inputs {w}, or {w, global_scale: float32 scalar} -> {w_q, scales}, and biases where the mode has
/// them. Has no derivatives: what wants one goes through QuantizeRoundTrip.
class Quantize final : public PrimitiveOf<Quantize> {
 public:
  Quantize(Stream s, Quantization quantization) : PrimitiveOf(s), quantization(quantization) {}
  static constexpr const char* type_name = "Quantize";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(quantization); }

  const Quantization quantization;
};

/// inputs {w_q, scales, biases} of the affine mode, {w_q, scales} or {w_q, scales, global_scale} of
/// others -> {w}.
class Dequantize final : public PrimitiveOf<Dequantize> {
 public:
  Dequantize(Stream s, Quantization quantization) : PrimitiveOf(s), quantization(quantization) {}
  static constexpr const char* type_name = "Dequantize";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(quantization); }

  const Quantization quantization;
};

/// inputs as Quantize's -> {w as its encoding decodes, in float32}. Its derivative is that of the
/// identity (Bengio et al. 2013, straight-through): what training with quantized activations uses.
class QuantizeRoundTrip final : public PrimitiveOf<QuantizeRoundTrip> {
 public:
  QuantizeRoundTrip(Stream s, Quantization quantization)
      : PrimitiveOf(s), quantization(quantization) {}
  static constexpr const char* type_name = "QuantizeRoundTrip";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override {
    return {inputs[0].shape()};
  }
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(quantization); }

  const Quantization quantization;
};

/// inputs {x, w_q, scales, biases}, the last where the mode has them: x [..., M, K] with
/// w [..., N, K] (transpose) or x [..., M, N] with it. x, and affine scales and biases of one
/// dtype, are floats of 16 or 32 bits; leading axes broadcast. rounds_x: whether x may be rounded
/// as fast::quantized_matmul says.
class QuantizedMatmul final : public PrimitiveOf<QuantizedMatmul> {
 public:
  QuantizedMatmul(Stream s, Quantization quantization, bool transpose, bool rounds_x)
      : PrimitiveOf(s), quantization(quantization), transpose(transpose), rounds_x(rounds_x) {}
  static constexpr const char* type_name = "QuantizedMatmul";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(quantization, transpose, rounds_x); }

  const Quantization quantization;
  const bool transpose;
  const bool rounds_x;
};

/// inputs {x, w_q, scales, biases, w_q, scales, ...}, biases where the mode has them: x [..., K]
/// with each of some matrices [N_i, K], as QuantizedMatmul's that may round x.
class QuantizedMatmuls final : public fast::FusedOf<QuantizedMatmuls> {
 public:
  QuantizedMatmuls(Stream s, Quantization quantization)
      : PrimitiveOf(s), quantization(quantization) {}
  static constexpr const char* type_name = "QuantizedMatmuls";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays fallback(const Arrays& inputs) const override;
  auto state() const { return std::tie(quantization); }

  /// Arrays of each matrix.
  size_t parts() const { return quantization.has_biases() ? 3 : 2; }

  const Quantization quantization;
};

/// inputs {x, w_q, scales, biases, lhs_indices, rhs_indices}, biases where the mode has them: the
/// products of the matrices of x and w with these numbers. Both indices are uint32 of one shape;
/// they count the matrices of the leading axes in row-major order.
class GatherQMM final : public PrimitiveOf<GatherQMM> {
 public:
  GatherQMM(Stream s, Quantization quantization, bool transpose, bool sorted_indices, bool rounds_x)
      : PrimitiveOf(s),
        quantization(quantization),
        transpose(transpose),
        sorted_indices(sorted_indices),
        rounds_x(rounds_x) {}
  static constexpr const char* type_name = "GatherQMM";
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;
  auto state() const { return std::tie(quantization, transpose, sorted_indices, rounds_x); }

  const Quantization quantization;
  const bool transpose;
  const bool sorted_indices;  ///< rhs_indices ascend
  const bool rounds_x;        ///< as QuantizedMatmul's
};

/// Shape of the weight that is packed in w_q.
Shape unpacked_shape(const Shape& w_q, const Quantization& quantization);

/// The integers of an affine weight as float32, group by group: [..., K / group_size, group_size].
array group_integers(const array& w_q, const Quantization& quantization);

/// Throws std::invalid_argument when one of the arrays asked for has no derivative: inputs[first]
/// is a packed weight, and what follows it its scales and biases.
void require_differentiable(const Quantization& quantization, const std::vector<int>& argnums,
                            int first, const char* where);

}  // namespace quern
