#include "engine/primitives/fast.h"

namespace quern::fast {

std::vector<Shape> RMSNorm::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

std::vector<Shape> LayerNorm::output_shapes(const Arrays& inputs) const {
  return {inputs[0].shape()};
}

std::vector<Shape> RoPE::output_shapes(const Arrays& inputs) const { return {inputs[0].shape()}; }

std::vector<Shape> ScaledDotProductAttention::output_shapes(const Arrays& inputs) const {
  Shape shape = inputs[0].shape();
  shape.back() = inputs[2].shape(-1);
  return {shape};
}

}  // namespace quern::fast
