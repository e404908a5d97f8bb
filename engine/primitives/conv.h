#pragma once

#include <vector>

#include "engine/primitives/primitive.h"

namespace quern {

/// inputs {input [N, spatial..., C], weight [O, kernel..., C / groups]} of the output's dtype, a
/// float; 1 to 3 spatial axes, and one number per axis in each parameter. The input's elements lie
/// input_dilation apart with zeros between them, behind padding_lo zeros and before padding_hi (a
/// negative padding cuts off); the output at o is the sum over the taps t of the kernel, which lie
/// kernel_dilation apart, of what is at o * stride + t * kernel_dilation times the weight. `flip`
/// takes the kernel from its end. Output channels come in `groups` that see as many groups of the
/// input's.
class Convolution final : public PrimitiveOf<Convolution> {
 public:
  Convolution(Stream s, std::vector<int> stride, std::vector<int> padding_lo,
              std::vector<int> padding_hi, std::vector<int> kernel_dilation,
              std::vector<int> input_dilation, int groups, bool flip)
      : PrimitiveOf(s),
        stride(std::move(stride)),
        padding_lo(std::move(padding_lo)),
        padding_hi(std::move(padding_hi)),
        kernel_dilation(std::move(kernel_dilation)),
        input_dilation(std::move(input_dilation)),
        groups(groups),
        flip(flip) {}
  static constexpr const char* type_name = "Convolution";
  auto state() const {
    return std::tie(stride, padding_lo, padding_hi, kernel_dilation, input_dilation, groups, flip);
  }
  std::vector<Shape> output_shapes(const Arrays& inputs) const override;
  Arrays vjp(const Arrays& primals, const Arrays& cotangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Arrays jvp(const Arrays& primals, const Arrays& tangents, const std::vector<int>& argnums,
             const Arrays& outputs) const override;
  Batched vmap(const Arrays& inputs, const std::vector<int>& axes,
               const Arrays& outputs) const override;

  /// Number of elements along spatial axis `i` once they are dilated.
  static int64_t dilated(int64_t length, int dilation) {
    return length == 0 ? 0 : 1 + (length - 1) * dilation;
  }

  const std::vector<int> stride;
  const std::vector<int> padding_lo;
  const std::vector<int> padding_hi;
  const std::vector<int> kernel_dilation;
  const std::vector<int> input_dilation;
  const int groups;
  const bool flip;

 private:
  array input_gradient(const array& input, const array& weight, const array& cotangent) const;
  array weight_gradient(const array& input, const array& weight, const array& cotangent) const;
};

}  // namespace quern
